// What a service may do to the listener that it shares with the daemon: the next connection after
// its end is served all the same, and whoever looks is told once.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Serves one client, does what its first word says, and ends.
constexpr char kRude[] = R"(
import os, socket, sys
port = socket.socket(fileno=3)
client, _ = port.accept()
client.sendall(b"served")
if sys.argv[1] == "shutdown": port.shutdown(socket.SHUT_RDWR)
if sys.argv[1] == "block": port.setblocking(True)
if sys.argv[1] == "backlog": port.listen(0)
if sys.argv[1] == "unlink" and port.family == socket.AF_UNIX: os.unlink(sys.argv[2])
client.close()
)";

class SharedListenerTest : public DaemonTest {
 protected:
  std::string Path() const { return place().root() + "/rude"; }

  // Three clients one after the other, each when the service that served the one before has ended.
  void ServeThree(const std::string& deed, const std::string& address) {
    place().Write("rude.py", kRude);
    place().WriteUnit("rude.socket", absl::StrCat("[Socket]\nListenStream=", address, "\n"));
    place().WriteUnit("rude.service",
                      absl::StrCat("[Unit]\nStartLimitIntervalSec=0\n[Service]\n"
                                   "ExecStart=/usr/bin/python3 ",
                                   place().root(), "/rude.py ", deed, " ", address, "\n"));
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_TRUE(client().Start("rude.socket").ok());
    for (int i = 0; i < 3; ++i) {
      const auto watcher = client().Watch();
      ASSERT_EQ(Ask(address, ""), "served") << i;
      ASSERT_EQ(watcher->Until("rude.socket", "listening").back(), "listening") << i;
    }
  }

  // What services may well do is set back silently.
  void ServeWithoutAWord(const std::string& deed, const std::string& address) {
    ServeThree(deed, address);
    EXPECT_THAT(Warnings(), IsEmpty());
  }

  std::vector<std::string> Warnings() {
    const v1::Unit unit = *client().Get("rude.socket");
    return {unit.status().warnings().begin(), unit.status().warnings().end()};
  }
};

TEST_F(SharedListenerTest, ShutsATcpListenerDown) {
  ServeThree("shutdown", absl::StrCat("127.0.0.1:", FreePort()));
  ASSERT_THAT(Warnings(), SizeIs(1));
  EXPECT_TRUE(absl::StrContains(Warnings()[0], "a service shut it down; it listens again"));
}

TEST_F(SharedListenerTest, ShutsAUnixListenerDown) {
  ServeThree("shutdown", Path());
  ASSERT_THAT(Warnings(), SizeIs(1));
  EXPECT_TRUE(absl::StrContains(Warnings()[0], "a service shut it down; it was opened anew"));
}

TEST_F(SharedListenerTest, MakesATcpListenerBlock) {
  ServeWithoutAWord("block", absl::StrCat("127.0.0.1:", FreePort()));
}

TEST_F(SharedListenerTest, MakesAUnixListenerBlock) {
  ServeWithoutAWord("block", Path());
}

// That it is as long again, tests/real/kernel/listen_test.cc shows.
TEST_F(SharedListenerTest, ShortensTheQueueOfATcpListener) {
  ServeWithoutAWord("backlog", absl::StrCat("127.0.0.1:", FreePort()));
}

TEST_F(SharedListenerTest, ShortensTheQueueOfAUnixListener) {
  ServeWithoutAWord("backlog", Path());
}

TEST_F(SharedListenerTest, RemovesTheNode) {
  ServeThree("unlink", Path());
  ASSERT_THAT(Warnings(), SizeIs(1));
  EXPECT_TRUE(absl::StrContains(Warnings()[0], "its node was gone; it was opened anew"));
}

}  // namespace
}  // namespace socketd::real
