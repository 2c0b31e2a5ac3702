// Sockets that leave their traffic alone for a while, on the real kernel: who comes waits in its
// queue, and is served when the while is over.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::ElementsAre;

// Serves whoever comes, one after the other.
constexpr char kServer[] = R"(
import socket
port = socket.socket(fileno=3)
while True:
    client, _ = port.accept()
    client.sendall(b"served")
    client.close()
)";

class PauseTest : public DaemonTest {
 protected:
  std::string Path(const std::string& name) const {
    return absl::StrCat(place().root(), "/", name);
  }

  void WriteServer(const std::string& name, const std::string& unit, const std::string& socket) {
    const std::string program = place().Write("server.py", kServer);
    place().WriteUnit(name + ".socket",
                      absl::StrCat("[Socket]\nListenStream=", Path(name), "\n", socket));
    place().WriteUnit(name + ".service",
                      absl::StrCat(unit, "[Service]\nExecStart=/usr/bin/python3 ", program, "\n"));
  }
};

TEST_F(PauseTest, WhoComesMeanwhileIsServedAfterwards) {
  WriteServer("web", "", "");
  WriteServer("other", "", "");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  ASSERT_TRUE(client().Start("other.socket").ok());
  ASSERT_TRUE(client().Pause("web.socket").ok());
  const auto waits = Conversation::Open(Path("web"));
  ASSERT_TRUE(waits.ok());
  EXPECT_EQ(Ask(Path("other"), ""), "served");  // came later: traffic was looked at since
  EXPECT_EQ(client().State("web.socket"), "paused");
  EXPECT_EQ(client().State("web.service"), "dead");
  ASSERT_TRUE(client().Resume("web.socket").ok());
  EXPECT_EQ(waits->HearAll(), "served");
  EXPECT_EQ(client().State("web.socket"), "running");
}

// The service that runs goes on with its own descriptors.
TEST_F(PauseTest, ARunningServiceGoesOn) {
  WriteServer("web", "", "");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  EXPECT_EQ(Ask(Path("web"), ""), "served");
  ASSERT_TRUE(client().Pause("web.socket").ok());
  EXPECT_EQ(Ask(Path("web"), ""), "served");
  EXPECT_EQ(client().State("web.socket"), "paused");
}

TEST_F(PauseTest, ADeferredStartHappensWhenWhatWasInTheWayIsGone) {
  place().WriteUnit("backup.service", "[Service]\nExecStart=/bin/sleep infinity\n");
  WriteServer("web", "[Unit]\nConflicts=backup.service\n", "DeferTrigger=patient\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  ASSERT_TRUE(client().Start("backup.service").ok());
  const auto watcher = client().Watch();
  const auto waits = Conversation::Open(Path("web"));
  ASSERT_TRUE(waits.ok());
  EXPECT_EQ(watcher->Until("web.socket", "deferred").back(), "deferred");
  EXPECT_EQ(client().State("backup.service"), "running");
  ASSERT_TRUE(client().Stop("backup.service").ok());
  EXPECT_EQ(waits->HearAll(), "served");
  EXPECT_THAT(watcher->Until("web.socket", "running"), ElementsAre("running"));
}

}  // namespace
}  // namespace socketd::real
