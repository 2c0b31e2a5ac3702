#include "tests/real/keeper/under_load.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

uint64_t NumberFrom(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  uint64_t number = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &number)) return otherwise;
  return number;
}

void UnderLoad::SetUp() {
  DaemonTest::SetUp();
  reaper_.emplace();
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

void UnderLoad::BeginLoad(const std::vector<std::string>& units) {
  DaemonOptions options;
  options.more = {"--start", "web.socket", "--start", "echo.socket"};
  for (const std::string& unit : units)
    options.more.insert(options.more.end(), {"--start", unit});
  options.log_level = "warning";
  Begin(options);
  if (HasFatalFailure()) return;
  follower_.emplace(daemon().api_address());
  load_.emplace(std::vector<std::string>{web_[0], web_[1], echo_[0], echo_[1]});
}

void UnderLoad::EndLoad() {
  load_->End();
  reaper_.reset();
  for (const auto& asker : load_->askers()) {
    EXPECT_EQ(asker->lost(), 0) << asker->address();
    EXPECT_GT(asker->answered(), 0) << asker->address();
  }
  ApiClient after(daemon().api_address());
  const absl::StatusOr<v1::Unit> web = after.Get("web.socket");
  ASSERT_TRUE(web.ok()) << web.status();
  EXPECT_TRUE(follower_->Reach(web->revision()));
  EXPECT_THAT(follower_->complaints(), IsEmpty());
  EXPECT_EQ(after.Get("web.service")->status().result(), v1::RESULT_SUCCESS);
  std::cout << follower_->revision() << " changes seen over " << follower_->breaks()
            << " streams\n";
}

int UnderLoad::AwaitHeir() {
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end)
    if (const int heir = daemon().Find("socketd-heir"); heir != 0) return heir;
  return 0;
}

void UnderLoad::KillKeeper() {
  const int heir = AwaitHeir();
  Kill(daemon().pid());
  daemon().Follow(heir);
  const absl::Status told = daemon().AwaitWord(absl::StrCat("MAINPID=", heir));
  EXPECT_TRUE(told.ok()) << told;
}

void UnderLoad::KillHeir() {
  const int heir = AwaitHeir();
  Kill(heir);
  AwaitEnd(heir);
  EXPECT_NE(AwaitHeir(), 0);
}

void UnderLoad::KillDaemon() {
  Kill(daemon().daemon_pid());
  const absl::Status ready = daemon().AwaitReady();
  EXPECT_TRUE(ready.ok()) << ready;
}

}  // namespace socketd::real
