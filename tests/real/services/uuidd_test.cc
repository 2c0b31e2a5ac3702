// Debian's uuidd, its unit files as they come with the package: a UUID comes back through a daemon
// that the first request has woken.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr char kUuidd[] = "/usr/sbin/uuidd";

class UuiddTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (!Installed(kUuidd)) GTEST_SKIP() << "needs the package uuid-runtime";
  }

  ProgramResult AskForUuid() {
    return Execute(Inside(daemon().pid(), {kUuidd, "--random", "--socket", "/run/uuidd/request"}),
                   true);
  }
};

TEST_F(UuiddTest, AUuidComesBackThroughTheServiceThatItsFirstRequestWakes) {
  DaemonOptions options = WithOwnRun();
  options.unit_path = "/lib/systemd/system";
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  const auto watcher = client().Watch();
  ASSERT_TRUE(client().Start("uuidd.socket").ok());
  EXPECT_EQ(client().State("uuidd.service"), "dead");

  const ProgramResult answer = AskForUuid();
  EXPECT_EQ(answer.status, 0) << answer.output;
  EXPECT_THAT(answer.output, MatchesRegex("[0-9a-f-]*-[0-9a-f]*-4[0-9a-f-]*\n"));
  EXPECT_EQ(client().State("uuidd.service"), "running");
  const int first = client().MainPid("uuidd.service");
  EXPECT_THAT(FileText("/proc/" + std::to_string(first) + "/cmdline"), HasSubstr("uuidd"));

  ASSERT_TRUE(client().Stop("uuidd.service").ok());
  EXPECT_FALSE(Alive(first));
  std::vector<std::string> states = watcher->Until("uuidd.socket", "running");
  for (const std::string& state : watcher->Until("uuidd.socket", "listening")) {
    states.push_back(state);
  }
  EXPECT_THAT(states, ElementsAre("start-open", "listening", "running", "listening"));

  EXPECT_EQ(AskForUuid().status, 0);
  EXPECT_NE(client().MainPid("uuidd.service"), first);
}

TEST_F(UuiddTest, TheServiceRunsAsItsOwnUser) {
  DaemonOptions options = WithOwnRun();
  options.unit_path = "/lib/systemd/system";
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  ASSERT_TRUE(client().Start("uuidd.socket").ok());
  ASSERT_EQ(AskForUuid().status, 0);
  const int pid = client().MainPid("uuidd.service");
  const std::string uid = Execute({"/usr/bin/id", "-u", "uuidd"}).output;
  const ProgramResult owner =
      Execute({"/usr/bin/stat", "-c", "%u", "/proc/" + std::to_string(pid)});
  EXPECT_EQ(owner.output, uid);
}

}  // namespace
}  // namespace socketd::real
