// Keeper and heir, under load: whichever is killed is made again by the others, and nobody outside
// notices. If both are gone at once the daemon serves on, and says that nobody keeps it.
//   GUARD_KILLS=1000 bazel-bin/tests/real/keeper/guards_test
#include <signal.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/keeper/under_load.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class GuardsTest : public UnderLoad {
 protected:
  // Nobody is left to replace them.
  void KillBoth() {
    const int heir = AwaitHeir();
    const int alone = daemon().daemon_pid();
    daemon().Signal(SIGSTOP);
    Kill(heir);
    Kill(daemon().pid());
    daemon().Follow(alone);
  }
};

TEST_F(GuardsTest, AreReplacedWhicheverIsKilled) {
  const uint64_t kills = NumberFrom("GUARD_KILLS", 100);
  ASSERT_NO_FATAL_FAILURE(BeginLoad());
  for (uint64_t kill = 0; kill < kills && !HasFailure(); ++kill) {
    KillKeeper();
    KillHeir();
    EXPECT_TRUE(AwaitAnswers(1));
  }
  EndLoad();
  EXPECT_THAT(daemon().Log(), Not(HasSubstr("daemon.unkept")));
  EXPECT_EQ(*daemon().Stop(), 0);
}

// Each has another daemon's end to find out about that is not its child.
TEST_F(GuardsTest, ADaemonIsReplacedAtOnceByEachNewKeeper) {
  ASSERT_NO_FATAL_FAILURE(BeginLoad());
  for (int kill = 0; kill < 12 && !HasFailure(); ++kill) {
    KillKeeper();
    KillDaemon();
  }
  EndLoad();
  EXPECT_THAT(daemon().Log(), Not(HasSubstr("held")));
  EXPECT_EQ(*daemon().Stop(), 0);
}

TEST_F(GuardsTest, ADaemonWithoutThemServesOnAndSaysSo) {
  ASSERT_NO_FATAL_FAILURE(BeginLoad());
  EXPECT_EQ(client().Lacks("keeper"), "");
  KillBoth();
  ASSERT_TRUE(daemon().AwaitWord(absl::StrCat("MAINPID=", daemon().pid())).ok());
  EXPECT_TRUE(daemon().AwaitLog("daemon.unkept"));
  EXPECT_THAT(client().Lacks("keeper"), HasSubstr("nobody starts the next daemon"));
  EXPECT_TRUE(AwaitAnswers(20));
  EndLoad();
  EXPECT_EQ(*daemon().Stop(), 0);
}

}  // namespace
}  // namespace socketd::real
