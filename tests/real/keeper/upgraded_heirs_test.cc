// Heirs of a program that has taken over from another one, and what they hold.
#include <signal.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "tests/real/keeper/load.h"
#include "tests/real/keeper/upgradable.h"
#include "tests/real/testing/api_client.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

// proc(5), stat: "S" is asleep.
char StateOf(int pid) {
  const std::string stat = FileText(absl::StrCat("/proc/", pid, "/stat"));
  const size_t at = stat.rfind(')');
  return at == std::string::npos ? ' ' : stat[at + 2];
}

// How often in so many looks it was not asleep.
int TimesAwake(int pid, int looks) {
  int awake = 0;
  for (int i = 0; i < looks; ++i) {
    std::this_thread::yield();
    if (StateOf(pid) != 'S') ++awake;
  }
  return awake;
}

using UpgradedHeirsTest = UpgradableTest;

// What an heir of the new program knows must be so after the trial as well: it keeps what is open,
// and sleeps.
TEST_F(UpgradedHeirsTest, KeepAllAndSleep) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled("warning"));
  Load load(addresses());
  Install();
  const auto after = upgrades().Upgrade("");
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(after->upgrade().done());
  // Numbers that became free with the trial are taken again.
  for (int i = 0; i < 20; ++i) {
    const std::string unit = absl::StrCat("later", i, ".socket");
    place().WriteUnit(unit, absl::StrCat("[Socket]\nListenStream=", place().root(), "/later", i,
                                         "\nAccept=yes\n"));
    place().WriteUnit(absl::StrCat("later", i, "@.service"),
                      "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
    EXPECT_TRUE(ApiClient(daemon().api_address()).Start(unit).ok());
  }
  const absl::Time end = absl::Now() + absl::Seconds(20);
  int heir = 0;
  while (heir == 0 && absl::Now() < end)
    heir = daemon().Find("socketd-heir");
  Kill(daemon().pid());
  daemon().Follow(heir);
  EXPECT_TRUE(daemon().AwaitWord(absl::StrCat("MAINPID=", heir)).ok());
  Kill(daemon().daemon_pid());
  EXPECT_TRUE(daemon().AwaitReady().ok());
  for (int i = 0; i < 20; ++i) {
    const auto talk = Conversation::Open(absl::StrCat(place().root(), "/later", i));
    ASSERT_TRUE(talk.ok()) << talk.status();
    EXPECT_TRUE(talk->Say("still there"));
    talk->Close();
    EXPECT_EQ(talk->HearAll(), "still there") << i;
  }
  load.Await(20);
  EXPECT_EQ(load.End(), 0);
  while (StateOf(heir) != 'S' && absl::Now() < end) {
  }
  EXPECT_EQ(StateOf(heir), 'S');
  EXPECT_LT(TimesAwake(heir, 50), 25) << "it does not sleep";
}

}  // namespace
}  // namespace socketd::real
