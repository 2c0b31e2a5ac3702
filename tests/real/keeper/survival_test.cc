// The daemon under its keeper: killed in every way, and nobody outside is refused for it.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

// The word of the first line of `path` that contains `mark`; "": there is none.
std::string WordOf(const std::string& path, const std::string& mark, size_t word) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    // Connections have the address of their listener, and no number while they are queued.
    if (absl::StrContains(line, mark) && words.at(5) != "03" && words.at(word) != "0")
      return words[word];
  }
  return "";
}

class SurvivalTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    // A keeper that takes the place of a killed one is ours to wait for.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", tcp(),
                                                 "\nListenStream=", path(), "\n"));
    place().WriteUnit("web.service", "[Service]\nExecStart=/bin/sleep 1000\n");
    place().WriteUnit("echo.socket", absl::StrCat("[Socket]\nAccept=yes\nListenStream=", echo(),
                                                  "\nTriggerLimitBurst=0\nPollLimitBurst=0\n"));
    place().WriteUnit("echo@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
  }
  void BeginKept() {
    DaemonOptions options;
    options.more = {"--start", "web.socket", "--start", "echo.socket"};
    Begin(options);
  }

  std::string tcp() const { return absl::StrCat("127.0.0.1:", port_); }
  std::string path() const { return place().root() + "/web.sock"; }
  std::string echo() const { return place().root() + "/echo.sock"; }
  // The sockets that listen there, as the kernel numbers them.
  std::vector<std::string> Inodes() const {
    return {WordOf("/proc/net/tcp", absl::StrFormat("0100007F:%04X 00000000:0000 0A", port_), 9),
            WordOf("/proc/net/unix", path(), 6), WordOf("/proc/net/unix", daemon_api(), 6)};
  }
  std::string daemon_api() const { return place().run() + "/api.sock"; }

  // Kills the daemon, and is back when the next one serves.
  absl::Status KillDaemon() {
    const int pid = daemon().daemon_pid();
    Kill(pid);
    return daemon().AwaitReady();
  }

 private:
  const int port_ = FreePort();
};

// Clients of several addresses that come again and again, so many times each a life that no queue
// is full: nobody takes them all.
class Crowd {
 public:
  explicit Crowd(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses)
      clients_.emplace_back([this, address] { Visit(address); });
  }
  ~Crowd() { Leave(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void Admit() { allowed_ += kEach; }
  void Leave() {
    over_ = true;
    for (std::thread& client : clients_)
      client.join();
    clients_.clear();
  }
  int refused() const { return refused_; }
  int served() const { return served_; }

 private:
  static constexpr int kEach = 40;

  void Visit(const std::string& address) {
    for (int opened = 0; !over_;) {
      if (opened == allowed_) {
        std::this_thread::yield();
        continue;
      }
      ++opened;
      ++(Conversation::Open(address).ok() ? served_ : refused_);
    }
  }

  std::atomic<int> allowed_{kEach};
  std::atomic<bool> over_{false};
  std::atomic<int> refused_{0};
  std::atomic<int> served_{0};
  std::vector<std::thread> clients_;
};

TEST_F(SurvivalTest, NobodyIsRefusedWhileDaemonsAreKilled) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  const std::vector<std::string> inodes = Inodes();
  EXPECT_THAT(inodes, testing::Each(testing::Ne("")));
  Crowd crowd({tcp(), path(), echo(), daemon_api()});
  constexpr int kKills = 50;
  std::vector<int> spans;  // microseconds
  for (int i = 0; i < kKills; ++i) {
    const absl::Time begin = absl::Now();
    EXPECT_TRUE(KillDaemon().ok()) << i;
    spans.push_back(static_cast<int>(absl::ToInt64Microseconds(absl::Now() - begin)));
    crowd.Admit();
  }
  crowd.Leave();
  EXPECT_EQ(crowd.refused(), 0);
  EXPECT_GT(crowd.served(), kKills);
  EXPECT_EQ(Inodes(), inodes) << "the same sockets all along";
  std::sort(spans.begin(), spans.end());
  RecordProperty("kill_to_ready_median_us", spans[kKills / 2]);
  RecordProperty("kill_to_ready_worst_us", spans.back());
}

TEST_F(SurvivalTest, WhoCallsTheApiMeanwhileWaits) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  Kill(daemon().daemon_pid());
  ApiClient late(daemon().api_address());
  EXPECT_NE(late.State("web.socket"), "");
}

TEST_F(SurvivalTest, AServiceGoesOnAsWhatItWas) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  auto watcher = client().Watch();
  const auto guest = Conversation::Open(tcp());
  ASSERT_EQ(watcher->Until("web.service", "running").back(), "running");
  const auto before = client().Get("web.service");
  const int service = client().MainPid("web.service");
  ASSERT_GT(service, 1);
  ASSERT_TRUE(KillDaemon().ok());
  ApiClient next(daemon().api_address());
  EXPECT_EQ(next.State("web.service"), "running");
  EXPECT_EQ(next.State("web.socket"), "running");
  EXPECT_EQ(next.MainPid("web.service"), service);
  const auto after = next.Get("web.service");
  EXPECT_EQ(after->status().invocation_id(), before->status().invocation_id());
  EXPECT_EQ(after->revision(), before->revision());
  auto later = next.Watch();
  kill(service, SIGTERM);
  EXPECT_EQ(later->Until("web.socket", "listening").back(), "listening") << "its end is known";
}

TEST_F(SurvivalTest, ASignalToAllOfThemCountsOnce) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  for (const int pid : {daemon().Find("socketd-heir"), daemon().daemon_pid()})
    kill(pid, SIGTERM);
  EXPECT_EQ(*daemon().Stop(), 0);
  const std::vector<std::string> parts = absl::StrSplit(daemon().Log(), "daemon.stopping");
  EXPECT_EQ(parts.size(), 2U) << daemon().Log();
}

TEST_F(SurvivalTest, NothingIsLeftAfterTheEnd) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  ASSERT_TRUE(KillDaemon().ok());
  EXPECT_EQ(*daemon().Stop(), 0);
  for (const char* name : {"socketd-keeper", "socketd-heir", "socketd"})
    EXPECT_EQ(daemon().Find(name), 0) << name;
}

TEST_F(SurvivalTest, AKeeperThatWasKilledIsReplacedAndTold) {
  ASSERT_NO_FATAL_FAILURE(BeginKept());
  const std::vector<std::string> inodes = Inodes();
  const int heir = daemon().Find("socketd-heir");
  Kill(daemon().pid());
  daemon().Follow(heir);
  ASSERT_TRUE(daemon().AwaitWord(absl::StrCat("MAINPID=", heir)).ok());
  ASSERT_TRUE(KillDaemon().ok());
  EXPECT_EQ(Inodes(), inodes);
  EXPECT_TRUE(Conversation::Open(tcp()).ok());
  EXPECT_EQ(*daemon().Stop(), 0);
}

TEST_F(SurvivalTest, WithoutAKeeperThereIsNone) {
  DaemonOptions options;
  options.more = {"--no-keeper"};
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  EXPECT_EQ(daemon().Find("socketd-keeper"), 0);
  EXPECT_EQ(daemon().Find("socketd-heir"), 0);
  EXPECT_EQ(daemon().daemon_pid(), daemon().pid());
}

}  // namespace
}  // namespace socketd::real
