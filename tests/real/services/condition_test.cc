// Conditions on the real machine: its own files answer them, and a socket comes back by itself when
// what its service waits for is there.
#include <sys/utsname.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

class ConditionTest : public DaemonTest {
 protected:
  // What holds on every machine that these tests run on.
  std::vector<std::string> True() const {
    utsname names{};
    EXPECT_EQ(uname(&names), 0);
    return {
        "Architecture=native",
        absl::StrCat("Host=", names.nodename),
        absl::StrCat("KernelVersion==", names.release),
        "Version=kernel >=4.0",
        "Version=glibc >=2.30",
        "OSRelease=ID!=nonesuch",
        "KernelCommandLine=!nonesuch",
        "KernelModuleLoaded=!nonesuch",
        "Environment=!NONESUCH",
        "User=0",
        "User=root",
        "User=@system",
        "Group=root",
        "Capability=CAP_CHOWN",
        "Memory=>16M",
        "CPUs=>=1",
        "PathExists=/proc/self",
        "PathExistsGlob=/etc/pass*",
        "PathIsDirectory=/etc",
        "PathIsSymbolicLink=/proc/self",
        "PathIsMountPoint=/proc",
        "PathIsMountPoint=!/proc/self",
        absl::StrCat("PathIsReadWrite=", place().root()),
        absl::StrCat("PathIsSocket=", place().run(), "/api.sock"),
        "DirectoryNotEmpty=/proc",
        "FileNotEmpty=/etc/passwd",
        "FileIsExecutable=/bin/sh",
    };
  }
};

TEST_F(ConditionTest, TheMachineItselfAnswers) {
  std::string all = "[Unit]\n";
  std::string none = "[Unit]\n";
  for (std::string line : True()) {
    absl::StrAppend(&all, "Condition", line, "\n", "Assert", line, "\n");
    const size_t value = line.find('=') + 1;
    line.insert(value, "|!");
    if (line.substr(value, 3) == "|!!") line.erase(value + 1, 2);
    absl::StrAppend(&none, "Condition", line, "\n");
  }
  place().WriteUnit("all.target", all);
  place().WriteUnit("none.target", none);
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_TRUE(client().Start("all.target").ok());
  const auto started = client().Get("all.target");
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(started->status().active_state(), v1::ACTIVE_STATE_ACTIVE);
  EXPECT_EQ(started->status().start_check().unmet(), "");
  EXPECT_EQ(started->status().start_check().findings_size(), static_cast<int>(2 * True().size()));
  EXPECT_TRUE(client().Start("none.target").ok());
  const auto skipped = client().Get("none.target");
  ASSERT_TRUE(skipped.ok());
  EXPECT_EQ(skipped->status().active_state(), v1::ACTIVE_STATE_INACTIVE);
  for (const auto& finding : skipped->status().start_check().findings())
    EXPECT_FALSE(finding.holds()) << finding.directive();
}

TEST_F(ConditionTest, ASocketWaitsForWhatItsServiceNeedsAndComesBackByItself) {
  const std::string path = place().root() + "/web.sock";
  const std::string needed = place().root() + "/web.conf";
  place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", path, "\n"));
  place().WriteUnit("web.service", absl::StrCat("[Unit]\nConditionPathExists=", needed,
                                                "\n[Service]\nExecStart=/bin/sleep 1000\n"));
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  const auto watcher = client().Watch();
  const auto visit = Conversation::Open(path);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(watcher->Until("web.socket", "cooling").back(), "cooling");
  const auto socket = client().Get("web.socket");
  ASSERT_TRUE(socket.ok());
  EXPECT_THAT(socket->status().cause().detail(),
              HasSubstr(absl::StrCat("web.service did not start: ConditionPathExists=", needed,
                                     " is not met")));
  place().Write("web.conf", "");
  EXPECT_EQ(watcher->Until("web.service", "running").back(), "running");
}

}  // namespace
}  // namespace socketd::real
