// What the machine is short of while clients come: nobody who is queued is lost, the loop does not
// spin, and all goes on by itself when there is enough again.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

// A setting of the machine that is put back at the end.
class Setting {
 public:
  explicit Setting(std::string path) : path_(std::move(path)), before_(FileText(path_)) {}
  ~Setting() {
    if (changed_) Write(before_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  // False: this machine does not let us.
  bool Set(const std::string& text) {
    changed_ = !before_.empty() && Write(text);
    return changed_;
  }

 private:
  bool Write(const std::string& text) const {
    std::ofstream file(path_);
    file << text << std::flush;
    return file.good();
  }

  const std::string path_;
  const std::string before_;
  bool changed_ = false;
};

// How often the daemon's engine has been woken since it started.
int64_t WakeUps(int pid) {
  int64_t sum = 0;
  const std::string status = FileText(absl::StrCat("/proc/", pid, "/status"));
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, '\t');
    int64_t count = 0;
    if (absl::StrContains(line, "ctxt_switches") && absl::SimpleAtoi(words.back(), &count))
      sum += count;
  }
  return sum;
}

class ShortageTest : public DaemonTest {
 protected:
  std::string Path() const { return place().root() + "/echo"; }

  void BeginEcho(const DaemonOptions& options) {
    place().WriteUnit("echo.socket", absl::StrCat("[Socket]\nListenStream=", Path(),
                                                  "\nAccept=yes\nMaxConnections=0\n"
                                                  "TriggerLimitBurst=0\nPollLimitBurst=0\n"));
    place().WriteUnit("echo@.service",
                      "[Service]\nStandardInput=socket\nStandardError=null\nExecStart=/bin/cat\n");
    Begin(options);
    ASSERT_TRUE(client().Start("echo.socket").ok());
  }

  // So many clients who have said something.
  std::vector<Conversation> Come(int count) {
    std::vector<Conversation> clients;
    for (int i = 0; i < count; ++i) {
      absl::StatusOr<Conversation> one = Conversation::Open(Path());
      EXPECT_TRUE(one.ok()) << one.status();
      if (!one.ok()) break;
      EXPECT_TRUE(one->Say("x"));
      clients.push_back(*std::move(one));
    }
    return clients;
  }

  // A second in which nobody comes or goes: what the daemon does by itself.
  void ExpectQuiet() {
    const int64_t before = WakeUps(daemon().daemon_pid());
    Execute({"/bin/sleep", "1"});
    const auto wake_ups = static_cast<int>(WakeUps(daemon().daemon_pid()) - before);
    RecordProperty("wake_ups_a_second", wake_ups);
    EXPECT_LT(wake_ups, 2000);  // a loop that spins is woken tens of thousands of times
  }

  // Each of them hears what it said, the first first, and leaves.
  static void ServeAll(std::vector<Conversation>& clients) {
    for (Conversation& one : clients) {
      ASSERT_EQ(one.Hear(), "x");
      const Conversation gone = std::move(one);
    }
  }

  // More clients than there is room for at once: one is served and stays, the others wait, and in
  // the end all have been served.
  void ServeThroughShortage(int count, const std::function<void()>& meanwhile = [] {}) {
    std::vector<Conversation> clients = Come(count);
    EXPECT_EQ(clients.front().Hear(), "x");
    ExpectQuiet();
    meanwhile();
    ASSERT_TRUE(clients.front().Say("x"));
    ServeAll(clients);
    ExpectNobodyRefused(static_cast<uint64_t>(count));
  }

  void ExpectNobodyRefused(uint64_t clients) {
    const v1::SocketStatus counters = client().Get("echo.socket")->status().socket();
    EXPECT_EQ(counters.accepted(), clients);
    EXPECT_EQ(counters.refused(), 0U);
    EXPECT_EQ(client().State("echo.socket"), "listening");
  }
};

TEST_F(ShortageTest, OfDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need descriptors themselves, and end the daemon without";
#endif
  DaemonOptions options;
  options.wrapper = {"/usr/bin/prlimit", "--nofile=300:300"};
  ASSERT_NO_FATAL_FAILURE(BeginEcho(options));
  ServeThroughShortage(200, [this] {
    EXPECT_GT(DescriptorCount(daemon().pid()), 270);
    // An operator who comes only now.
    EXPECT_EQ(ApiClient(daemon().api_address()).State("echo.socket"), "listening");
  });
}

// Ports leave enough for services and operators.
TEST_F(ShortageTest, OfDescriptorsForPorts) {
  constexpr int kMost = 300;
  for (int i = 0; i < kMost; ++i) {
    place().WriteUnit(absl::StrCat("p", i, ".socket"),
                      absl::StrCat("[Socket]\nListenStream=", Path(), i, "\n"));
    place().WriteUnit(absl::StrCat("p", i, ".service"),
                      "[Service]\nExecStart=/bin/sleep infinity\n");
  }
  DaemonOptions options;
  options.wrapper = {"/usr/bin/prlimit", absl::StrCat("--nofile=", kMost, ":", kMost)};
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  int started = 0;
  absl::Status refused;
  for (; started < kMost && refused.ok(); ++started)
    refused = client().Start(absl::StrCat("p", started, ".socket"));
  EXPECT_THAT(refused.ToString(), HasSubstr("RLIMIT_NOFILE is 300 and 64 of it are left"));
  EXPECT_GT(started, kMost / 2);
  EXPECT_EQ(ApiClient(daemon().api_address()).State("p0.socket"), "listening");
  const auto watcher = client().Watch();
  const auto comes = Conversation::Open(Path() + "0");
  EXPECT_EQ(watcher->Until("p0.service", "running").back(), "running");
}

TEST_F(ShortageTest, OfProcesses) {
  const std::string group = absl::StrCat("/sys/fs/cgroup/pids/socketd-test-", getpid());
  if (Execute({"/bin/mkdir", group}).status != 0 || FileText(group + "/pids.max").empty())
    GTEST_SKIP() << "this machine has no pids controller where it is looked for";
  DaemonOptions options;
  options.wrapper = {"/bin/sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", group + "/cgroup.procs"};
  ASSERT_NO_FATAL_FAILURE(BeginEcho(options));
  {
    int64_t present = 0;
    ASSERT_TRUE(absl::SimpleAtoi(FileText(group + "/pids.current"), &present));
    Setting most(group + "/pids.max");
    ASSERT_TRUE(most.Set(absl::StrCat(present + 4)));
    ServeThroughShortage(30);
  }
  EXPECT_EQ(*daemon().Stop(), 0);
  Execute({"/bin/rmdir", group});
}

// Without watches of control groups these are looked at from time to time.
TEST_F(ShortageTest, OfInotifyWatches) {
  ASSERT_NO_FATAL_FAILURE(BeginEcho({}));
  Setting watches("/proc/sys/fs/inotify/max_user_watches");
  if (!watches.Set("0")) GTEST_SKIP() << "this machine does not let us take its watches away";
  ServeThroughShortage(30);
}

TEST_F(ShortageTest, OfInotifyInstances) {
  Setting instances("/proc/sys/fs/inotify/max_user_instances");
  if (!instances.Set("0")) GTEST_SKIP() << "this machine does not let us take its instances away";
  ASSERT_NO_FATAL_FAILURE(BeginEcho({}));
  std::vector<Conversation> clients = Come(30);
  ServeAll(clients);
  ExpectNobodyRefused(30);
}

TEST_F(ShortageTest, OfRoomForTheState) {
  DaemonOptions options;
  const std::string state = place().state();
  options.wrapper = {"/usr/bin/unshare",
                     "--mount",
                     "/bin/sh",
                     "-c",
                     absl::StrCat("mkdir -p ", state, " && mount -t tmpfs -o size=64k tmpfs ",
                                  state, " && exec \"$@\""),
                     "small-state"};
  ASSERT_NO_FATAL_FAILURE(BeginEcho(options));
  const Wish wish{"more.socket", absl::StrCat("[Socket]\nListenStream=", Path(), "-more\n")};
  const Wish service{"more.service", "[Service]\nExecStart=/bin/cat\n"};
  const std::string filler = state + "/filler";
  Execute(Inside(daemon().pid(), {"/bin/dd", "if=/dev/zero", "of=" + filler}));
  std::vector<Conversation> clients = Come(10);
  const absl::Status refused = client().Apply({wish, service});
  EXPECT_THAT(refused.ToString(), HasSubstr("No space left on device"));
  EXPECT_EQ(client().Get("more.socket").status().code(), absl::StatusCode::kNotFound);
  ServeAll(clients);
  Execute(Inside(daemon().pid(), {"/bin/rm", filler}));
  EXPECT_TRUE(client().Apply({wish, service}).ok());
  EXPECT_TRUE(client().Start("more.socket").ok());
  ExpectNobodyRefused(10);
}

}  // namespace
}  // namespace socketd::real
