// Ending processes that do not want to: SIGTERM ignored, double-forked, in a session of their own.
#include <sched.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class KillModeTest : public DaemonTest {
 protected:
  void TearDown() override {
    for (int pid : WithEnvironment(mark()))
      Kill(pid);
    DaemonTest::TearDown();
  }

  std::string mark() const { return "SOCKETD_TEST=" + place().root(); }

  std::vector<std::string> Running() const {
    std::vector<std::string> lines;
    for (int pid : WithEnvironment(mark()))
      lines.push_back(CommandLine(pid));
    return lines;
  }

  // Starts a service with a child that has done all that a daemon can do to get away. Both are
  // there when this returns.
  void StartStubborn(const std::string& kill_mode) {
    const std::string fifo = place().root() + "/both-run";
    ASSERT_EQ(Execute({"/usr/bin/mkfifo", fifo}).status, 0);
    place().WriteUnit("stubborn.service",
                      absl::StrCat("[Service]\nKillMode=", kill_mode,
                                   "\nTimeoutStopSec=250ms\nEnvironment=", mark(),
                                   "\nExecStart=/bin/sh -c 'trap \"\" TERM; setsid sh -c \"setsid "
                                   "sleep 1001 & echo yes >",
                                   fifo, "\"; exec sleep 1000'\n"));
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_TRUE(client().Start("stubborn.service").ok());
    ASSERT_EQ(Execute({"/bin/cat", fifo}).output, "yes\n");
    // By what they run, not by their number: the shells on the way are counted too, or not while
    // they exec.
    const auto both = UnorderedElementsAre("sleep 1000", "sleep 1001");
    constexpr int kLooks = 20000;
    for (int i = 0; i < kLooks && !::testing::Value(Running(), both); ++i)
      sched_yield();
    ASSERT_THAT(Running(), both);
  }

  absl::Duration StopStubborn() {
    const absl::Time begun = absl::Now();
    EXPECT_TRUE(client().Stop("stubborn.service").ok());
    const absl::Duration took = absl::Now() - begun;
    std::cout << "stopped after " << took << ", 250 ms of it the wait after SIGTERM\n";
    return took;
  }
};

TEST_F(KillModeTest, ControlGroupReachesWhatForkedTwiceAndLeftTheSession) {
  ASSERT_NO_FATAL_FAILURE(StartStubborn("control-group"));
  EXPECT_GE(StopStubborn(), absl::Milliseconds(250));
  EXPECT_THAT(WithEnvironment(mark()), IsEmpty());
  EXPECT_EQ(client().State("stubborn.service"), "failed");
}

TEST_F(KillModeTest, MixedKillsTheRestOfTheGroup) {
  ASSERT_NO_FATAL_FAILURE(StartStubborn("mixed"));
  StopStubborn();
  EXPECT_THAT(WithEnvironment(mark()), IsEmpty());
}

TEST_F(KillModeTest, ProcessEndsTheMainOneOnly) {
  ASSERT_NO_FATAL_FAILURE(StartStubborn("process"));
  const int main_pid = client().MainPid("stubborn.service");
  const std::string group = ControlGroup(main_pid);
  StopStubborn();
  EXPECT_FALSE(Alive(main_pid));
  const std::vector<int> left = WithEnvironment(mark());
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(ControlGroup(left[0]), group);
  Kill(left[0]);
  AwaitEnd(left[0]);
}

TEST_F(KillModeTest, AServiceThatObeysIsGoneAtOnce) {
  place().WriteUnit("obedient.service", absl::StrCat("[Service]\nType=exec\nEnvironment=", mark(),
                                                     "\nExecStart=/bin/sleep 1000\n"));
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("obedient.service").ok());
  const absl::Time begun = absl::Now();
  ASSERT_TRUE(client().Stop("obedient.service").ok());
  std::cout << "stopped after " << absl::Now() - begun << "\n";
  EXPECT_THAT(WithEnvironment(mark()), IsEmpty());
  EXPECT_EQ(client().State("obedient.service"), "dead");
}

TEST_F(KillModeTest, AForkBombEndsToo) {
  place().WriteUnit("bomb.service",
                    absl::StrCat("[Service]\nKillSignal=SIGKILL\nEnvironment=", mark(),
                                 "\nExecStart=/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9; do (for j in "
                                 "1 2 3 4 5 6 7 8 9; do setsid sleep 1002 & done) & done; exec "
                                 "sleep 1000'\n"));
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("bomb.service").ok());
  ASSERT_TRUE(client().Stop("bomb.service").ok());
  EXPECT_THAT(WithEnvironment(mark()), IsEmpty());
}

}  // namespace
}  // namespace socketd::real
