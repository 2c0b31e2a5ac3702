// Keeper, heir and daemon killed at once, under a supervisor that holds what it is given: the test.
// Sockets stay open, who comes waits, and the next keeper's daemon goes on with the services that
// live.
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/keeper/under_load.h"

namespace socketd::real {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class HeldAboveTest : public UnderLoad {
 protected:
  static DaemonOptions Options() {
    DaemonOptions options;
    options.more = {"--start", "web.socket", "--start", "echo.socket"};
    return options;
  }
  void BeginAgain() {
    const absl::Status ready = daemon().Start(Options());
    ASSERT_TRUE(ready.ok()) << ready;
  }
  static std::string Ask(const std::string& address, const std::string& text) {
    const absl::StatusOr<Conversation> talk = Conversation::Open(address);
    if (!talk.ok() || !talk->Say(text)) return "refused";
    talk->Close();
    return talk->HearAll();
  }
  v1::Unit Get(const std::string& unit) {
    const absl::StatusOr<v1::Unit> found = ApiClient(daemon().api_address()).Get(unit);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(v1::Unit());
  }
};

TEST_F(HeldAboveTest, WhoComesWhileNobodyIsThereIsServedByTheNext) {
  ASSERT_NO_FATAL_FAILURE(Begin(Options()));
  EXPECT_EQ(Ask(web(0), "one"), "one");
  EXPECT_EQ(Ask(echo(1), "two"), "two");
  const v1::Unit before = Get("web.socket");
  daemon().KillAll();
  const absl::StatusOr<Conversation> tcp = Conversation::Open(echo(0));
  const absl::StatusOr<Conversation> local = Conversation::Open(echo(1));
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  ASSERT_TRUE(local.ok()) << local.status();
  EXPECT_TRUE(tcp->Say("three"));
  EXPECT_TRUE(local->Say("four"));
  ASSERT_NO_FATAL_FAILURE(BeginAgain());
  tcp->Close();
  local->Close();
  EXPECT_EQ(tcp->HearAll(), "three");
  EXPECT_EQ(local->HearAll(), "four");
  EXPECT_EQ(Ask(web(1), "five"), "five");
  // It went on, and did not begin anew.
  EXPECT_GE(Get("web.socket").revision(), before.revision());
  EXPECT_EQ(*daemon().Stop(), 0);
  EXPECT_THAT(daemon().Held(), IsEmpty());
  EXPECT_EQ(Ask(web(0), "six"), "refused");
}

TEST_F(HeldAboveTest, AServiceThatLivesIsNotStartedAgain) {
  place().WriteUnit("long.service", "[Service]\nExecStart=/bin/sleep infinity\n");
  ASSERT_NO_FATAL_FAILURE(Begin(Options()));
  ASSERT_TRUE(client().Start("long.service").ok());
  const int main = Get("long.service").status().service().main_pid();
  for (int kill = 0; kill < 5 && !HasFailure(); ++kill) {
    daemon().KillAll();
    ASSERT_NO_FATAL_FAILURE(BeginAgain());
    EXPECT_EQ(Get("long.service").status().service().main_pid(), main);
    EXPECT_EQ(Get("long.service").status().sub_state(), "running");
    // Not one more with each life.
    EXPECT_THAT(daemon().Held(), SizeIs(2));
  }
  EXPECT_EQ(*daemon().Stop(), 0);
}

TEST_F(HeldAboveTest, WhatAServiceHasLeftComesBack) {
  const char* const runfiles = std::getenv("TEST_SRCDIR");
  const std::string program =
      absl::StrCat(runfiles != nullptr ? absl::StrCat(runfiles, "/socketd/") : "",
                   "tests/real/services/store_service.py");
  place().WriteUnit("store.socket",
                    absl::StrCat("[Socket]\nFileDescriptorName=web.socket\nListenStream=",
                                 place().root(), "/s\n"));
  place().WriteUnit("store.service",
                    absl::StrCat("[Service]\nType=notify\nFileDescriptorStoreMax=16\n",
                                 "ExecStart=/usr/bin/python3 ", program, "\n"));
  ASSERT_NO_FATAL_FAILURE(Begin(Options()));
  ASSERT_TRUE(client().Start("store.socket").ok());
  const absl::StatusOr<Conversation> talk = Conversation::Open(place().root() + "/s");
  ASSERT_TRUE(talk.ok()) << talk.status();
  EXPECT_TRUE(talk->Say("?"));
  EXPECT_EQ(talk->Hear(), "runs=1 events=1 names=web.socket");
  daemon().KillAll();
  ASSERT_NO_FATAL_FAILURE(BeginAgain());
  ASSERT_TRUE(ApiClient(daemon().api_address()).Restart("store.service").ok());
  EXPECT_TRUE(talk->Say("?"));
  EXPECT_EQ(talk->Hear(), "runs=2 events=2 names=web.socket:client:event:counter");
  EXPECT_EQ(*daemon().Stop(), 0);
}

TEST_F(HeldAboveTest, WhatIsStoppedIsClosedThoughItWasHeld) {
  ASSERT_NO_FATAL_FAILURE(Begin(Options()));
  EXPECT_EQ(Ask(echo(0), "one"), "one");
  ASSERT_TRUE(client().Stop("echo.socket").ok());
  EXPECT_EQ(Ask(echo(0), "two"), "refused");
  daemon().KillAll();
  ASSERT_NO_FATAL_FAILURE(BeginAgain());
  EXPECT_EQ(Ask(echo(0), "three"), "refused");
  EXPECT_EQ(Ask(web(0), "four"), "four");
  EXPECT_EQ(*daemon().Stop(), 0);
}

// A service manager's own restart keeps what it holds.
TEST_F(HeldAboveTest, AStopInOrderLeavesNothingToGoOnWith) {
  ASSERT_NO_FATAL_FAILURE(Begin(Options()));
  EXPECT_EQ(*daemon().Stop(), 0);
  ASSERT_NO_FATAL_FAILURE(BeginAgain());
  EXPECT_EQ(Ask(echo(0), "one"), "one");
  EXPECT_EQ(*daemon().Stop(), 0);
}

}  // namespace
}  // namespace socketd::real
