// A daemon that crashes again and again, at the start of each life: it is restarted later and
// later, and who comes meanwhile waits at sockets that stay open. After five crashes within a
// minute what listened is paused until an operator resumes it.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CrashLoopTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    place().WriteUnit("web.socket", absl::StrCat("[Socket]\nListenStream=", web_, "\n"));
    place().WriteUnit("web.service",
                      "[Service]\nExecStart=/usr/bin/perl -MSocket -e \"open(S, '+<&=', 3); "
                      "accept(C, S); print C <C>; exit 0\"\nStandardOutput=null\n");
    place().WriteUnit("echo.socket",
                      absl::StrCat("[Socket]\nAccept=yes\nListenStream=", echo_, "\n"));
    place().WriteUnit("echo@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
    DaemonOptions options;
    options.wrapper = {"/usr/bin/env",
                       absl::StrCat("LD_PRELOAD=", std::filesystem::current_path().string(),
                                    "/tests/real/testing/libcrash_at_start.so"),
                       absl::StrCat("SOCKETD_TEST_CRASH=", trap_)};
    options.more = {"--start", "web.socket", "--start", "echo.socket"};
    Begin(options);
  }

  // The daemon crashes now, and each next one at its start.
  void BeginLoop() {
    std::ofstream(trap_).put('x');
    kill(daemon().daemon_pid(), SIGSEGV);
  }
  // The next one starts.
  absl::Status EndLoop() {
    std::filesystem::remove(trap_);
    return daemon().AwaitReady();
  }

  const std::string& web() const { return web_; }
  const std::string& echo() const { return echo_; }

 private:
  const std::string web_ = absl::StrCat("127.0.0.1:", FreePort());
  const std::string echo_ = place().root() + "/echo.sock";
  const std::string trap_ = place().root() + "/trap";
};

// Connects, asks, and is to be answered later.
Conversation Visit(const std::string& address) {
  absl::StatusOr<Conversation> guest = Conversation::Open(address);
  EXPECT_TRUE(guest.ok()) << guest.status();
  EXPECT_TRUE(guest->Say("hello\n"));
  guest->Close();
  return *std::move(guest);
}

TEST_F(CrashLoopTest, WhoComesMeanwhileWaitsAndIsServed) {
  BeginLoop();
  ASSERT_TRUE(daemon().AwaitLog("starts in 100 ms"));
  const Conversation at_web = Visit(web());
  const Conversation at_echo = Visit(echo());
  ASSERT_TRUE(EndLoop().ok());
  EXPECT_EQ(at_web.HearAll(), "hello\n");
  EXPECT_EQ(at_echo.HearAll(), "hello\n");
  EXPECT_THAT(daemon().Log(), HasSubstr("was killed by signal 6"));
  EXPECT_THAT(daemon().Log(), Not(HasSubstr("held")));
}

TEST_F(CrashLoopTest, AfterFiveCrashesWhatListenedIsPausedUntilItIsResumed) {
  BeginLoop();
  ASSERT_TRUE(daemon().AwaitLog("with activation held"));
  const Conversation at_web = Visit(web());
  const Conversation at_echo = Visit(echo());
  ASSERT_TRUE(EndLoop().ok());
  EXPECT_TRUE(daemon().AwaitLog("daemon.held"));
  ApiClient next(daemon().api_address());
  for (const char* socket : {"web.socket", "echo.socket"}) {
    const auto unit = next.Get(socket);
    ASSERT_TRUE(unit.ok());
    EXPECT_EQ(unit->status().sub_state(), "paused");
    EXPECT_THAT(unit->status().cause().detail(), HasSubstr("held"));
    EXPECT_EQ(unit->status().socket().triggered(), 0U);
  }
  EXPECT_TRUE(next.Names("echo@*").empty() && next.State("web.service") == "dead");
  EXPECT_TRUE(next.Resume("web.socket").ok());
  EXPECT_EQ(at_web.HearAll(), "hello\n");
  EXPECT_TRUE(next.Resume("echo.socket").ok());
  EXPECT_EQ(at_echo.HearAll(), "hello\n");
}

}  // namespace
}  // namespace socketd::real
