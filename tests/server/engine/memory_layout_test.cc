// Every layout of the memory that a release has ever written is read: an upgrade begins with what
// the program before left. tests/server/engine/keep_memory_layout.py makes the files; one that is
// there is never changed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "server/engine/memory.h"
#include "tests/sim/fake_kernel.h"

namespace socketd {
namespace {

constexpr char kFolder[] = "tests/server/engine/memory_layouts";
constexpr size_t kEnough = 1000;

uint64_t Hex(const std::string& text) {
  uint64_t number = 0;
  EXPECT_TRUE(absl::SimpleHexAtoi(text, &number)) << text;
  return number;
}

// The memory as it was, in that of the kernel.
absl::Span<char> Fill(const std::string& name, Kernel& kernel) {
  std::ifstream file(absl::StrCat(kFolder, "/", name));
  std::string offset;
  std::string octets;
  file >> offset >> octets;
  EXPECT_EQ(offset, "size");
  const absl::Span<char> memory = kernel.Memory(Hex(octets));
  while (file >> offset >> octets) {
    const std::string bytes = absl::HexStringToBytes(octets);
    const uint64_t at = Hex(offset);
    if (at + bytes.size() <= memory.size()) std::copy(bytes.begin(), bytes.end(), &memory[at]);
  }
  return memory;
}

std::vector<std::string> Layouts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class MemoryLayoutTest : public testing::TestWithParam<std::string> {};

TEST_P(MemoryLayoutTest, IsRead) {
  sim::FakeKernel kernel;
  const absl::Span<char> bytes = Fill(GetParam(), kernel);
  const absl::StatusOr<Memory::Contents> found = Memory::Look(bytes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(absl::StrCat(found->layout), GetParam());
  // Whoever makes a file has run these.
  std::vector<std::string> names;
  const Memory::Past past = Memory(kernel, bytes.size()).Recall(kEnough);
  for (const remembered::Unit& unit : past.units)
    names.push_back(absl::StrCat(unit.name(), " ", unit.state()));
  EXPECT_THAT(names, testing::IsSupersetOf({"echo.socket listening", "stay.service running",
                                            "web.service running", "web.socket running"}));
  EXPECT_EQ(found->units, names.size());
  EXPECT_TRUE(past.served);
  ASSERT_FALSE(past.changes.empty());
  EXPECT_EQ(past.changes.front().revision, 1);
}

INSTANTIATE_TEST_SUITE_P(All, MemoryLayoutTest, testing::ValuesIn(Layouts()));

TEST(MemoryLook, AnotherLayoutIsRefused) {
  sim::FakeKernel kernel;
  const absl::Span<char> bytes = Fill("1", kernel);
  bytes[8] = 99;  // the layout, after the mark
  const absl::Status refused = Memory::Look(bytes).status();
  EXPECT_EQ(ReasonOf(refused), "MEMORY_UNREADABLE");
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("there is layout 99"));
}

TEST(MemoryLook, NothingIsAsGoodAsAny) {
  EXPECT_EQ(Memory::Look({})->units, 0U);
  std::vector<char> zeros(size_t{1} << 17);
  EXPECT_EQ(Memory::Look(absl::MakeSpan(zeros))->units, 0U);
}

}  // namespace
}  // namespace socketd
