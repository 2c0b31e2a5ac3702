// Debian's openssh-server behind a socket: its own ssh.socket with another port, and one sshd for
// each connection. Debian's sshd takes the listening socket over by itself (sd_listen_fds). The
// host key is the test's own; keys of the machine are neither needed for the answers nor touched.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SshTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (!Installed("/usr/sbin/sshd")) GTEST_SKIP() << "needs the package openssh-server";
    if (!Installed("/usr/bin/ssh-keyscan")) GTEST_SKIP() << "needs the package openssh-client";
    key_ = place().root() + "/host_key";
    Execute({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key_});
    port_ = FreePort();
    options_ = WithOwnRun();
    options_.unit_path = absl::StrCat(place().units(), ":/lib/systemd/system");
  }

  // A drop-in that puts ssh.socket on our port, with `more` behind.
  void Listen(const std::string& more) {
    place().WriteUnit(
        "ssh.socket.d/port.conf",
        absl::StrCat("[Socket]\nListenStream=\nListenStream=127.0.0.1:", port_, "\n", more));
  }
  // Behind the package's own EnvironmentFile, which sets SSHD_OPTS too.
  void UseOwnKey(const std::string& service) {
    const std::string file =
        place().Write("ssh.env", absl::StrCat("SSHD_OPTS=-o HostKey=", key_, "\n"));
    place().WriteUnit(service + ".d/key.conf",
                      absl::StrCat("[Service]\nEnvironmentFile=", file, "\n"));
  }
  std::vector<std::string> Scan() const {
    return {"/usr/bin/ssh-keyscan", "-T",       "20", "-t", "ed25519", "-p",
            std::to_string(port_),  "127.0.0.1"};
  }
  std::string PublicKey() const {
    const std::string line = FileText(key_ + ".pub");
    return line.substr(0, line.rfind(' '));
  }

  std::string key_;
  int port_ = 0;
  DaemonOptions options_;
};

TEST_F(SshTest, TwoScansAtOnceAreTwoInstancesAndBothAreGoneAfterwards) {
  Listen("Accept=yes\n");
  place().CopyExample("ssh@.service");
  UseOwnKey("ssh@.service");
  ASSERT_NO_FATAL_FAILURE(Begin(options_));
  ASSERT_TRUE(client().Start("ssh.socket").ok());
  const auto watcher = client().Watch();
  // Two clients that have said nothing yet hold two instances at the same time.
  {
    const auto one = Conversation::Open(absl::StrCat("127.0.0.1:", port_));
    const auto two = Conversation::Open(absl::StrCat("127.0.0.1:", port_));
    ASSERT_TRUE(one.ok() && two.ok());
    EXPECT_THAT(one->Hear(), HasSubstr("SSH-2.0"));
    EXPECT_THAT(two->Hear(), HasSubstr("SSH-2.0"));
    EXPECT_THAT(client().Names("ssh@*.service"), SizeIs(2));
  }
  EXPECT_THAT(watcher->Entered(kGone, 2), SizeIs(2));
  // From the second pair on: emptied control groups are kept open for the next ones.
  const int before = DescriptorCount(daemon().pid());

  Background first(Scan());
  Background second(Scan());
  EXPECT_THAT(first.Wait().output, HasSubstr(PublicKey()));
  EXPECT_THAT(second.Wait().output, HasSubstr(PublicKey()));
  EXPECT_THAT(watcher->Entered(kGone, 2), SizeIs(2));
  EXPECT_THAT(client().Names("ssh@*.service"), IsEmpty());
  EXPECT_EQ(client().State("ssh.socket"), "listening");
  EXPECT_LE(DescriptorCount(daemon().pid()), before);
}

TEST_F(SshTest, TheFirstScanWakesThePackagesServiceAndGetsItsHostKey) {
  Listen("");
  UseOwnKey("ssh.service");
  ASSERT_NO_FATAL_FAILURE(Begin(options_));
  ASSERT_TRUE(client().Start("ssh.socket").ok());
  const auto watcher = client().Watch();

  EXPECT_THAT(Execute(Scan(), true).output, HasSubstr(PublicKey()));
  EXPECT_THAT(watcher->Until("ssh.service", "running"),
              ElementsAre("start-pre", "start", "running"));
  EXPECT_EQ(client().State("ssh.socket"), "running");
  const int pid = client().MainPid("ssh.service");
  EXPECT_THAT(Execute(Scan(), true).output, HasSubstr(PublicKey()));
  EXPECT_EQ(client().MainPid("ssh.service"), pid);

  ASSERT_TRUE(client().Stop("ssh.service").ok());
  EXPECT_FALSE(Alive(pid));
  EXPECT_EQ(client().State("ssh.socket"), "listening");
  EXPECT_THAT(Execute(Scan(), true).output, HasSubstr(PublicKey()));
}

}  // namespace
}  // namespace socketd::real
