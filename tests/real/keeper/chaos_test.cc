// The daemon is killed with SIGKILL at random moments under load, over TCP and unix sockets, with
// Accept=no and Accept=yes. Nobody is refused or loses a connection, no end of a service is
// forgotten, and who watches sees each transition once.
//   CHAOS_KILLS=1000 CHAOS_SEED=7 bazel-bin/tests/real/keeper/chaos_test
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/keeper/follower.h"
#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::IsEmpty;

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  uint64_t number = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &number)) return otherwise;
  return number;
}

// Asks again and again until it is over; counts those who were answered and those who were not.
class Client {
 public:
  explicit Client(std::string address) : address_(std::move(address)), thread_([this] { Run(); }) {}
  ~Client() { End(); }
  void End() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int answered() const { return answered_; }
  int lost() const { return lost_; }
  const std::string& address() const { return address_; }

 private:
  void Run() {
    while (!over_) {
      if (const std::string wrong = AskOnce(absl::StrCat("question ", answered_.load()));
          wrong.empty()) {
        ++answered_;
      } else {
        std::cout << absl::FormatTime(absl::Now()) << " " << address_ << ": " << wrong << "\n";
        ++lost_;
      }
    }
  }
  // Empty: it was answered.
  std::string AskOnce(const std::string& text) const {
    const absl::StatusOr<Conversation> talk = Conversation::Open(address_);
    if (!talk.ok()) return absl::StrCat("refused: ", std::string(talk.status().message()));
    if (!talk->Say(text)) return "nobody took the question";
    talk->Close();
    const std::string heard = talk->HearAll();
    sockaddr_in own{};
    socklen_t length = sizeof(own);
    getsockname(talk->fd(), reinterpret_cast<sockaddr*>(&own), &length);
    return heard == text ? "" : absl::StrCat("heard '", heard, "' at port ", ntohs(own.sin_port));
  }

  const std::string address_;
  std::atomic<bool> over_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> lost_{0};
  std::thread thread_;
};

class ChaosTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    const std::string limits =
        "TriggerLimitBurst=0\nPollLimitBurst=0\nMaxConnections=1000\nBacklog=4096\n";
    place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", web_[0],
                                                 "\nListenStream=", web_[1], "\n", limits));
    const char* const runfiles = std::getenv("TEST_SRCDIR");
    const std::string program =
        absl::StrCat(runfiles != nullptr ? absl::StrCat(runfiles, "/socketd/") : "",
                     "tests/real/keeper/idle_service.py");
    // It is idle for a moment now and then, ends with a status of its own, and is started again.
    place().WriteUnit("web.service", absl::StrCat("[Unit]\nStartLimitIntervalSec=0\n[Service]\n",
                                                  "ExecStart=/usr/bin/python3 ", program,
                                                  " 1\nSuccessExitStatus=42\n"));
    place().WriteUnit("echo.socket", absl::StrCat("[Socket]\nAccept=yes\nListenStream=", echo_[0],
                                                  "\nListenStream=", echo_[1], "\n", limits));
    place().WriteUnit("echo@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
  }

  // Everybody asks, all the time.
  void BeginLoad() {
    for (const std::string& address : {web_[0], web_[1], echo_[0], echo_[1]})
      clients_.push_back(std::make_unique<Client>(address));
  }
  int answered() const {
    int sum = 0;
    for (const auto& client : clients_)
      sum += client->answered();
    return sum;
  }
  // Ends it, and sees what became of all who asked.
  void EndLoad() {
    for (const auto& client : clients_)
      client->End();
    for (const auto& client : clients_) {
      std::cout << client->address() << ": " << client->answered() << " answered, "
                << client->lost() << " lost\n";
      EXPECT_EQ(client->lost(), 0) << client->address();
      EXPECT_GT(client->answered(), 0) << client->address();
    }
  }
  // Kills the daemon after so many more answers, and some instructions; how long until the next one
  // serves.
  absl::Duration KillSoon(std::mt19937_64& random) {
    const int enough = answered() + static_cast<int>(random() % 12);
    const absl::Time patience = absl::Now() + absl::Seconds(20);
    while (answered() < enough && absl::Now() < patience)
      std::this_thread::yield();
    for (uint64_t turns = random() % 2000; turns > 0; --turns)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    const int pid = daemon().daemon_pid();
    const absl::Time begin = absl::Now();
    Kill(pid);
    EXPECT_TRUE(daemon().AwaitReady().ok());
    return absl::Now() - begin;
  }

  const std::string web_[2] = {absl::StrCat("127.0.0.1:", FreePort()), place().root() + "/web"};
  const std::string echo_[2] = {absl::StrCat("127.0.0.1:", FreePort()), place().root() + "/echo"};
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(ChaosTest, KilledAtAnyMomentNothingIsLost) {
  const uint64_t kills = Number("CHAOS_KILLS", 60);
  const uint64_t seed = Number("CHAOS_SEED", std::random_device()());
  std::cout << "CHAOS_SEED=" << seed << " CHAOS_KILLS=" << kills << "\n";
  std::mt19937_64 random(seed);
  DaemonOptions options;
  options.more = {"--start", "web.socket", "--start", "echo.socket"};
  options.log_level = "warning";
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  Follower follower(daemon().api_address());
  BeginLoad();
  std::vector<absl::Duration> spans;
  for (uint64_t kill = 0; kill < kills && !HasFailure(); ++kill)
    spans.push_back(KillSoon(random));
  EndLoad();
  ApiClient after(daemon().api_address());
  const absl::StatusOr<v1::Unit> web = after.Get("web.socket");
  ASSERT_TRUE(web.ok());
  EXPECT_TRUE(follower.Reach(web->revision()));
  EXPECT_THAT(follower.complaints(), IsEmpty());
  EXPECT_EQ(after.Get("web.service")->status().result(), v1::RESULT_SUCCESS);
  std::sort(spans.begin(), spans.end());
  std::cout << "killed to ready: median " << spans[spans.size() / 2] << ", worst " << spans.back()
            << "; " << follower.revision() << " changes seen over " << follower.breaks()
            << " streams\n";
}

}  // namespace
}  // namespace socketd::real
