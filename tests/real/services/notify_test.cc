// What services say over NOTIFY_SOCKET, said by Debian's own systemd-notify and by a shell.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

class NotifyTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (!Installed("/usr/bin/systemd-notify")) GTEST_SKIP() << "needs the package systemd";
  }

  // A notify service whose shell runs `script`.
  void Say(const std::string& script, const std::string& more = "") {
    place().WriteUnit("talker.service",
                      absl::StrCat("[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=5s\n",
                                   more, "ExecStart=/bin/sh -c '", script, "'\n"));
    ASSERT_NO_FATAL_FAILURE(Begin());
  }

  v1::ServiceStatus Talker() {
    const auto unit = client().Get("talker.service");
    return unit.ok() ? unit->status().service() : v1::ServiceStatus();
  }
};

TEST_F(NotifyTest, ReadyEndsTheStartAndStatusIsKept) {
  ASSERT_NO_FATAL_FAILURE(
      Say("systemd-notify --ready --status=\"42 clients\"; exec sleep infinity"));
  ASSERT_TRUE(client().Start("talker.service").ok());
  EXPECT_EQ(client().State("talker.service"), "running");
  EXPECT_EQ(Talker().status_text(), "42 clients");
}

TEST_F(NotifyTest, MainPidMayBeAnotherProcessOfTheGroup) {
  ASSERT_NO_FATAL_FAILURE(Say("sleep 1000 & systemd-notify --ready --pid=$!; wait"));
  ASSERT_TRUE(client().Start("talker.service").ok());
  EXPECT_THAT(FileText(absl::StrCat("/proc/", Talker().main_pid(), "/cmdline")),
              HasSubstr("sleep"));
}

TEST_F(NotifyTest, MainPidOfAStrangerIsNotBelieved) {
  ASSERT_NO_FATAL_FAILURE(Say("systemd-notify --ready MAINPID=1; exec sleep infinity"));
  ASSERT_TRUE(client().Start("talker.service").ok());
  EXPECT_GT(Talker().main_pid(), 1);
  EXPECT_THAT(ControlGroup(Talker().main_pid()), HasSubstr("talker.service"));
}

// A service may divide its control group, as managers of containers do, and another socketd.
TEST_F(NotifyTest, WhoIsInAGroupBelowIsOfTheService) {
  const std::string script =
      place().Write("below.sh",
                    "mount=$(awk '$3 == \"cgroup2\" { print $2; exit }' /proc/self/mounts)\n"
                    "own=$mount$(sed -n 's/^0:://p' /proc/self/cgroup)\n"
                    "mkdir \"$own/below\" && echo $$ >\"$own/below/cgroup.procs\"\n"
                    "systemd-notify --ready --status=\"$(sed -n 's/^0:://p' /proc/self/cgroup)\"\n"
                    "exec sleep infinity\n");
  ASSERT_NO_FATAL_FAILURE(Say(absl::StrCat("exec /bin/sh ", script)));
  ASSERT_TRUE(client().Start("talker.service").ok());
  EXPECT_THAT(Talker().status_text(), HasSubstr("/below"));
}

TEST_F(NotifyTest, OneThatEndsWithoutBeingReadyHasFailed) {
  ASSERT_NO_FATAL_FAILURE(Say("exit 0"));
  EXPECT_FALSE(client().Start("talker.service").ok());
  const auto unit = client().Get("talker.service");
  ASSERT_TRUE(unit.ok());
  EXPECT_EQ(unit->status().result(), v1::RESULT_PROTOCOL);
}

TEST_F(NotifyTest, OneThatIsNeverReadyIsTooLate) {
  ASSERT_NO_FATAL_FAILURE(Say("exec sleep infinity", "TimeoutStartSec=200ms\n"));
  EXPECT_FALSE(client().Start("talker.service").ok());
  const auto unit = client().Get("talker.service");
  ASSERT_TRUE(unit.ok());
  EXPECT_EQ(unit->status().result(), v1::RESULT_TIMEOUT);
}

}  // namespace
}  // namespace socketd::real
