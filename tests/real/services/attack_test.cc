// What a local user without rights (uid 65534) and a service can do to the daemon: nothing.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr char kStranger[] = "tests/real/services/stranger.py";

class AttackTest : public DaemonTest {
 protected:
  std::string Stranger(std::vector<std::string> words, const std::string& user = "65534") {
    // Where that user can read it.
    const std::string program = place().Write("stranger.py", FileText(kStranger));
    std::vector<std::string> argv = {"/usr/bin/python3", program};
    argv.insert(argv.end(), words.begin(), words.end());
    return Execute(AsUser(user, argv), true).output;
  }

  // A folder that anybody may write to, as /tmp is but for its sticky bit.
  std::string OpenFolder() {
    std::string path = place().root() + "/open";
    fs::create_directory(path);
    EXPECT_EQ(chmod(path.c_str(), 0777), 0);
    return path;
  }

  void Nobody(const std::string& shell) {
    ASSERT_EQ(Execute(AsNobody({"/bin/sh", "-c", shell}), true).status, 0);
  }

  void ListenAt(const std::string& path) {
    place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", path,
                                                 "\nSocketMode=0600\nRemoveOnStop=yes\n"));
    place().WriteUnit("web.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    ASSERT_NO_FATAL_FAILURE(Begin());
  }
};

TEST_F(AttackTest, TheApiIsClosedToOthers) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_THAT(Stranger({"connect", daemon().api_path()}), HasSubstr("Permission denied"));
}

TEST_F(AttackTest, AStrangerHoldsFewConnectionsToTheApi) {
  DaemonOptions options;
  options.listen = {"tcp:127.0.0.1:0"};
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  const std::string address = daemon().TcpAddress();
  ASSERT_FALSE(address.empty());
  // User 65534 stands for nobody known, and is refused at once.
  EXPECT_EQ(Stranger({"hoard", address, "1"}), "open=0\n");
  const std::string user = "1";
  EXPECT_EQ(Stranger({"hoard", address, "40"}, user), "open=16\n");
  EXPECT_TRUE(client().Reload().ok());
  // Places are given back when gRPC has seen that those who had them are gone.
  std::string again;
  for (int attempt = 0; attempt < 100 && again != "open=16\n"; ++attempt)
    again = Stranger({"hoard", address, "40"}, user);
  EXPECT_EQ(again, "open=16\n");
}

TEST_F(AttackTest, ASocketModeHoldsFromTheFirstMoment) {
  ASSERT_NO_FATAL_FAILURE(ListenAt(place().root() + "/private"));
  ASSERT_TRUE(client().Start("web.socket").ok());
  EXPECT_THAT(Stranger({"connect", place().root() + "/private"}), HasSubstr("Permission denied"));
}

TEST_F(AttackTest, AReadyForAnotherUnitIsNotBelieved) {
  place().WriteUnit("victim.service",
                    "[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=1s\n"
                    "ExecStart=/bin/sleep infinity\n");
  place().WriteUnit("forger.service",
                    absl::StrCat("[Service]\nType=oneshot\nExecStart=/usr/bin/python3 ",
                                 fs::current_path().string(), "/", kStranger,
                                 " say ${NOTIFY_SOCKET} READY=1\nNotifyAccess=all\n"));
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto watcher = client().Watch();
  ASSERT_TRUE(client().StartWithoutWaiting("victim.service").ok());
  ASSERT_EQ(watcher->Until("victim.service", "start").back(), "start");
  ASSERT_TRUE(client().Start("forger.service").ok());
  Stranger({"say", daemon().notify_path(), "READY=1\nMAINPID=1"});
  EXPECT_THAT(watcher->Until("victim.service", "failed"), Not(Contains("running")));
  EXPECT_EQ(client().Get("victim.service")->status().result(), v1::RESULT_TIMEOUT);
}

TEST_F(AttackTest, AServiceThatFloodsTheNotifySocketHarmsNobody) {
  place().WriteUnit("flood.service", absl::StrCat("[Service]\nType=oneshot\nNotifyAccess=all\n"
                                                  "ExecStart=/usr/bin/python3 ",
                                                  fs::current_path().string(), "/", kStranger,
                                                  " flood ${NOTIFY_SOCKET} 200\n"));
  place().WriteUnit("quiet.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("quiet.service").ok());
  // From the second run on: its emptied control group is kept open for the next one.
  EXPECT_TRUE(client().Start("flood.service").ok());
  const int before = DescriptorCount(daemon().pid());
  EXPECT_TRUE(client().Start("flood.service").ok());
  EXPECT_EQ(client().State("quiet.service"), "running");
  // What strangers send is closed by and by.
  for (int turn = 0; turn < 1000 && DescriptorCount(daemon().pid()) > before; ++turn)
    EXPECT_EQ(client().State("quiet.service"), "running");
  EXPECT_EQ(DescriptorCount(daemon().pid()), before);
}

TEST_F(AttackTest, SocketsThatTakeLongToCloseHoldNobodyUp) {
  place().WriteUnit("quiet.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::string program = place().Write("stranger.py", FileText(kStranger));
  const std::string folder = OpenFolder();
  const auto attack = [&](const std::string& path, const std::string& type) {
    const std::string done = absl::StrCat(folder, "/", type);
    const Background stranger(AsNobody({"/usr/bin/python3", program, "linger", path, type, done}));
    for (int turn = 0; turn < 10000 && !fs::exists(done); ++turn)
      EXPECT_TRUE(client().Get("quiet.service").ok());
    EXPECT_TRUE(fs::exists(done));
    EXPECT_TRUE(client().Start("quiet.service").ok());
    EXPECT_TRUE(client().Stop("quiet.service").ok());
  };
  attack(daemon().notify_path(), "SOCK_DGRAM");
  attack(daemon().handoff_path(), "SOCK_SEQPACKET");
}

TEST_F(AttackTest, ALinkWhereTheSocketShouldBeIsNotFollowed) {
  const std::string folder = OpenFolder();
  const std::string victim = place().Write("victim", "precious");
  Nobody(absl::StrCat("ln -s ", victim, " ", folder, "/web"));
  ASSERT_NO_FATAL_FAILURE(ListenAt(folder + "/web"));
  EXPECT_FALSE(client().Start("web.socket").ok());
  EXPECT_EQ(FileText(victim), "precious");
  EXPECT_EQ(client().Get("web.socket")->status().result(), v1::RESULT_RESOURCES);
}

TEST_F(AttackTest, ALinkToNowhereMakesNothingThere) {
  const std::string folder = OpenFolder();
  Nobody(absl::StrCat("ln -s ", place().root(), "/state/made ", folder, "/web"));
  ASSERT_NO_FATAL_FAILURE(ListenAt(folder + "/web"));
  EXPECT_FALSE(client().Start("web.socket").ok());
  EXPECT_FALSE(fs::exists(place().root() + "/state/made"));
}

TEST_F(AttackTest, AFolderThatSomebodyLinkedElsewhereIsNotEntered) {
  const std::string folder = OpenFolder();
  Nobody(absl::StrCat("ln -s ", place().root(), "/state ", folder, "/sub"));
  ASSERT_NO_FATAL_FAILURE(ListenAt(folder + "/sub/web"));
  client().Start("web.socket").IgnoreError();
  EXPECT_FALSE(fs::exists(place().root() + "/state/web"));
}

TEST_F(AttackTest, ANodeThatWasSwappedIsNotRemovedAtTheStop) {
  const std::string folder = OpenFolder();
  ASSERT_NO_FATAL_FAILURE(ListenAt(folder + "/web"));
  const absl::Status started = client().Start("web.socket");
  if (!started.ok()) return;  // refusing such a folder is as good
  Nobody(absl::StrCat("mv ", folder, "/web ", folder, "/aside && echo mine >", folder, "/web"));
  ASSERT_TRUE(client().Stop("web.socket").ok());
  EXPECT_EQ(FileText(folder + "/web"), "mine\n");
}

TEST_F(AttackTest, AServiceThatShutsTheListenerDownCostsNobodyElseAConnection) {
  const std::string path = place().root() + "/web";
  place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", path, "\n"));
  place().WriteUnit("web.service",
                    "[Service]\nExecStart=:/usr/bin/perl -e 'open(S, \"+<&=\", 3); accept(C, S); "
                    "print C \"seen\"; close C; shutdown(S, 2)'\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  for (int turn = 0; turn < 3; ++turn) {
    const auto watcher = client().Watch();
    EXPECT_EQ(Ask(path, "hello"), "seen") << turn;
    EXPECT_EQ(watcher->Until("web.socket", "listening").back(), "listening");
  }
}

}  // namespace
}  // namespace socketd::real
