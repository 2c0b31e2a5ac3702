#include "server/engine/unit_log.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/fake_kernel.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UnitLogTest : public ::testing::Test {
 protected:
  ~UnitLogTest() override {
    log_.Close();
    group_ = Group();
    EXPECT_THAT(kernel_.problems(), IsEmpty());
    EXPECT_THAT(kernel_.Leaks(), IsEmpty());
  }

  // A process that writes to the log's pipe and ends.
  void Run(const std::string& script) {
    ASSERT_THAT(kernel_.processes().SetScript("/bin/x", script), IsOk());
    SpawnSpec spec;
    spec.token = static_cast<Token>(99);
    spec.group = &group_;
    spec.program = "/bin/x";
    spec.argv = {"/bin/x"};
    spec.log = log_.Sink();
    absl::StatusOr<Child> child = kernel_.Spawn(spec);
    ASSERT_THAT(child, IsOk());
    loop_.Turn(loop_.now() + absl::Milliseconds(1));
    kernel_.ExitOf(*child);
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> texts;
    if (const auto lines = log_.lines()) {
      for (const LogLine& line : *lines)
        texts.push_back(line.text);
    }
    return texts;
  }

  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  Group group_ = *kernel_.NewGroup("web.service", static_cast<Token>(98));
  const std::string name_ = "web.service";
  UnitLog log_{loop_, name_};
};

TEST_F(UnitLogTest, LinesAreKeptInOrder) {
  EXPECT_EQ(log_.lines(), nullptr);
  Run("logs \"one\", logs \"two\"");
  EXPECT_THAT(Lines(), ElementsAre("one", "two"));
  Run("logs \"three\"");
  EXPECT_THAT(Lines(), ElementsAre("one", "two", "three"));
}

TEST_F(UnitLogTest, WhatIsShownIsSharedUntilTheNextLine) {
  Run("logs \"one\"");
  const auto before = log_.lines();
  EXPECT_EQ(log_.lines(), before);
  Run("logs \"two\"");
  EXPECT_NE(log_.lines(), before);
  EXPECT_THAT(*before, SizeIs(1));
}

TEST_F(UnitLogTest, OnlyTheLastLinesAreKept) {
  for (size_t i = 0; i < UnitLog::kLines + 5; ++i)
    Run(absl::StrCat("logs \"", i, "\""));
  EXPECT_THAT(Lines(), SizeIs(UnitLog::kLines));
  EXPECT_EQ(Lines().front(), "5");
  EXPECT_EQ(Lines().back(), absl::StrCat(UnitLog::kLines + 4));
}

TEST_F(UnitLogTest, ALongLineIsCut) {
  Run(absl::StrCat("logs \"", std::string(3 * UnitLog::kLineBytes, 'x'), "\", logs \"next\""));
  EXPECT_THAT(Lines(), ElementsAre(std::string(UnitLog::kLineBytes, 'x'), "next"));
}

TEST_F(UnitLogTest, WhatIsNoTextIsReplaced) {
  Run("logs \"caf\xC3\xA9 \xFF\xC3 end\"");
  EXPECT_THAT(Lines(), ElementsAre("caf\xC3\xA9 ?? end"));
}

TEST_F(UnitLogTest, WhatIsLeftIsReadAtTheEnd) {
  Run("logs \"one\"");
  EXPECT_TRUE(log_.open());
  log_.Close();
  EXPECT_FALSE(log_.open());
  EXPECT_THAT(Lines(), ElementsAre("one"));
  Run("logs \"two\"");  // the next run has a pipe of its own
  EXPECT_THAT(Lines(), ElementsAre("one", "two"));
}

TEST_F(UnitLogTest, WithoutAPipeProcessesDoWithout) {
  kernel_.faults().FailNext(sim::Call::kPipe, EMFILE);
  EXPECT_EQ(log_.Sink(), nullptr);
  kernel_.faults().FailNext(sim::Call::kArm, ENOSPC);
  EXPECT_EQ(log_.Sink(), nullptr);
  EXPECT_FALSE(log_.open());
  EXPECT_NE(log_.Sink(), nullptr);
}

// Without a keeper nobody does.
TEST_F(UnitLogTest, WhatTellsItsEndsIsAskedOnceAPipeAndIfSomebodyWantsIt) {
  for (int pipe = 1; pipe <= 2; ++pipe) {
    ASSERT_NE(log_.Sink(), nullptr);
    EXPECT_EQ(kernel_.ids_told(), 2 * (pipe - 1));
    for (int i = 0; i < 3; ++i)
      EXPECT_NE(log_.read_end(), log_.write_end());
    EXPECT_EQ(kernel_.ids_told(), 2 * pipe);
    log_.Close();
    EXPECT_EQ(log_.read_end(), FileId::kNone);
  }
}

}  // namespace
}  // namespace socketd
