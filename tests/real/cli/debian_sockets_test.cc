// Socket units as Debian's packages ship them are understood whole. tests/tools.sh fetches the
// packages of debian_packages once and keeps what ends in .socket; SOCKETD_DEBIAN_SOCKETS says
// where.
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

constexpr size_t kLeastPackages = 30;

// Folders are packages.
std::vector<std::filesystem::path> SocketFiles(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
  }
  return files;
}

class DebianSocketsTest : public DaemonTest {};

TEST_F(DebianSocketsTest, AllAreLoadedWithoutAnUnknownKey) {
  const char* const folder = getenv("SOCKETD_DEBIAN_SOCKETS");  // NOLINT(concurrency-mt-unsafe)
  if (folder == nullptr || !std::filesystem::exists(folder))
    GTEST_SKIP() << "SOCKETD_DEBIAN_SOCKETS is not set; see tests/run";
  Begin();
  const std::string program = (std::filesystem::current_path() / "cli/socketctl").string();
  std::vector<std::string> words = {program, "--address", daemon().api_address(), "verify"};
  std::set<std::string> packages;
  for (const std::filesystem::path& file : SocketFiles(folder)) {
    words.push_back(file.string());
    packages.insert(file.lexically_relative(folder).begin()->string());
  }
  EXPECT_GE(packages.size(), kLeastPackages);
  const ProgramResult result = Execute(words, true);
  EXPECT_EQ(result.status, 0) << result.output;
  for (const absl::string_view line : absl::StrSplit(result.output, '\n')) {
    const bool of_socket = absl::StrContains(line, "[Socket]");
    EXPECT_FALSE(absl::StrContains(line, "error:")) << line;
    EXPECT_FALSE(absl::StrContains(line, "unknown key")) << line;
    EXPECT_FALSE(of_socket && absl::StrContains(line, "not enforced")) << line;
  }
}

}  // namespace
}  // namespace socketd::real
