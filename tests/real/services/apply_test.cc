// Units that are changed while clients come without a pause: nobody is refused where the address
// stays, and what was asked for is there.
#include <sys/stat.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

// Answers each client with its word. What it has accepted it answers, also when it is to end.
constexpr char kServer[] = R"(
import os, select, signal, socket, sys
ends = []
signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
ports = [socket.socket(fileno=3 + i) for i in range(int(os.environ["LISTEN_FDS"]))]
for port in ports:
    port.setblocking(False)
while not ends:
    for port in select.select(ports, [], [], 0.05)[0]:
        try:
            client, _ = port.accept()
        except BlockingIOError:
            continue
        client.setblocking(True)
        client.sendall(sys.argv[1].encode())
        client.close()
)";

// Clients of one address, one after the other, until the end.
class Load {
 public:
  explicit Load(std::string address) : address_(std::move(address)), thread_([this] { Run(); }) {}
  ~Load() { Stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void Stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int answered() const { return answered_; }
  int refused() const { return refused_; }
  int unanswered() const { return unanswered_; }
  // Until so many more have been answered.
  void AwaitMore(int count) const {
    for (const int until = answered_ + count; answered_ < until && refused_ + unanswered_ == 0;)
      std::this_thread::yield();
  }

 private:
  void Run() {
    while (!done_) {
      const auto client = Conversation::Open(address_);
      if (!client.ok()) {
        ++refused_;
      } else if (client->HearAll().empty()) {
        ++unanswered_;
      } else {
        ++answered_;
      }
    }
  }

  const std::string address_;
  std::atomic<bool> done_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> refused_{0};
  std::atomic<int> unanswered_{0};
  std::thread thread_;
};

class ApplyTest : public DaemonTest {
 protected:
  std::string Path() const { return place().root() + "/web"; }
  static std::string Tcp(int port) { return absl::StrCat("127.0.0.1:", port); }

  std::string Socket(int other, const std::string& more) const {
    return absl::StrCat("[Socket]\nListenStream=", Tcp(kept_), "\nListenStream=", Path(),
                        "\nListenStream=", Tcp(other), "\nTriggerLimitIntervalSec=0\n", more);
  }
  std::string Service(const std::string& word) const {
    return absl::StrCat("[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/bin/python3 ",
                        place().root(), "/server.py ", word, "\n");
  }
  uint32_t Mode() const {
    struct stat status{};
    EXPECT_EQ(stat(Path().c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  const int kept_ = FreePort();
};

TEST_F(ApplyTest, NobodyIsRefusedWhereTheAddressStays) {
  place().Write("server.py", kServer);
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::vector<int> others = {FreePort(), FreePort()};
  ASSERT_TRUE(
      client().Apply({{"web.socket", Socket(others[0], "")}, {"web.service", Service("0")}}).ok());
  ASSERT_TRUE(client().Start("web.socket").ok());
  Load tcp(Tcp(kept_));
  Load path(Path());
  constexpr int kRounds = 10;
  for (int round = 1; round <= kRounds; ++round) {
    const int added = others[round % 2];
    const std::string more =
        round % 2 == 1 ? "SocketMode=0600\nBacklog=64\nKeepAlive=yes\n" : "Backlog=128\n";
    const std::string word = absl::StrCat(round);
    const absl::Status applied = client().Apply(
        {{"web.socket", Socket(added, more)}, {"web.service", Service(word)}}, {.restart = true});
    ASSERT_TRUE(applied.ok()) << applied;
    EXPECT_EQ(Mode(), round % 2 == 1 ? 0600U : 0666U);
    EXPECT_EQ(Ask(Tcp(added), ""), word);
    EXPECT_FALSE(Conversation::Open(Tcp(others[(round + 1) % 2])).ok());
    tcp.AwaitMore(5);
    path.AwaitMore(5);
  }
  for (Load* load : {&tcp, &path}) {
    load->Stop();
    EXPECT_EQ(load->refused(), 0);
    EXPECT_EQ(load->unanswered(), 0);
    EXPECT_GE(load->answered(), kRounds * 5);
    RecordProperty(load == &tcp ? "answered_tcp" : "answered_unix", load->answered());
  }
  EXPECT_EQ(client().State("web.socket"), "running");
}

TEST_F(ApplyTest, AReloadChangesPortsInPlaceToo) {
  place().Write("server.py", kServer);
  const int first = FreePort();
  const int second = FreePort();
  place().WriteUnit("web.socket", Socket(first, ""));
  place().WriteUnit("web.service", Service("0"));
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  place().WriteUnit("web.socket", Socket(second, "SocketMode=0600\n"));
  ASSERT_TRUE(client().Reload().ok());
  EXPECT_EQ(client().State("web.socket"), "listening");
  EXPECT_EQ(Mode(), 0600U);
  EXPECT_FALSE(Conversation::Open(Tcp(first)).ok());
  EXPECT_EQ(Ask(Tcp(second), ""), "0");
}

TEST_F(ApplyTest, AStalePlanIsRefusedWithTheReason) {
  place().Write("server.py", kServer);
  ASSERT_NO_FATAL_FAILURE(Begin());
  const int other = FreePort();
  const std::vector<Wish> units = {{"web.socket", Socket(other, "")},
                                   {"web.service", Service("0")}};
  const int64_t before = client().Plan(units);
  ASSERT_TRUE(client().Apply(units, {.expected_revision = before}).ok());
  const int64_t planned = client().Plan({{"web.socket", Socket(other, "Backlog=5\n")}});
  ASSERT_TRUE(client().Start("web.socket").ok());
  const absl::Status stale = client().Apply({{"web.socket", Socket(other, "Backlog=5\n")}},
                                            {.expected_revision = planned});
  EXPECT_TRUE(absl::IsAborted(stale)) << stale;
  EXPECT_THAT(stale.message(), HasSubstr("web.socket has changed since"));
}

}  // namespace
}  // namespace socketd::real
