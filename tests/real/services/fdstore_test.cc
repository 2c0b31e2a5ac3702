// The descriptor store: services that keep a number in a memory file, another in an event, and the
// connection to their client, find all three again after a restart, and after the daemon was
// killed. One is in Python with sd_notify(3) by hand, one in Go with go-systemd (tests/run builds
// it and says where it is: SOCKETD_GO_STORE), one a shell with Debian's systemd-notify.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

constexpr char kPython[] = "tests/real/services/store_service.py";

class FdStoreTest : public DaemonTest {
 protected:
  // A socket, and a service behind it that runs `command`.
  void Serve(const std::string& command, const std::string& more = "") {
    place().WriteUnit("web.socket", "[Socket]\nListenStream=127.0.0.1:0\n");
    place().WriteUnit("web.service", absl::StrCat("[Service]\nType=notify\nTimeoutStartSec=10s\n",
                                                  "FileDescriptorStoreMax=16\n", more,
                                                  "ExecStart=", command, "\n"));
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_TRUE(client().Start("web.socket").ok());
  }
  void ServePython(const std::string& more = "") {
    const std::string program = place().Write("store_service.py", FileText(kPython));
    Serve(absl::StrCat("/usr/bin/python3 ", program), more);
  }

  v1::ServiceStatus Status() {
    const auto unit = client().Get("web.service");
    return unit.ok() ? unit->status().service() : v1::ServiceStatus();
  }
  // "client:socket event:eventfd": what is kept, the newest first.
  std::string Stored() {
    return absl::StrJoin(Status().stored_descriptors(), " ", [](std::string* out, const auto& one) {
      absl::StrAppend(out, one.name(), ":", one.kind());
    });
  }
  // The service says what it has to before it answers; the daemon may hear it after the question.
  void ExpectStored(const std::string& expected) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Stored() != expected && absl::Now() < deadline) {
    }
    EXPECT_EQ(Stored(), expected);
  }
  static std::string Answer(const Conversation& conversation) {
    return conversation.Say("?") ? conversation.Hear() : "";
  }
  void KillDaemon() {
    Kill(daemon().daemon_pid());
    ASSERT_TRUE(daemon().AwaitReady().ok());
    // The client has to find that its connection is gone.
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!client().Get("web.service").ok() && absl::Now() < deadline) {
    }
  }
  void FindsAllAgain();
};

constexpr char kAll[] = "client:socket event:eventfd counter:memfd";
constexpr char kNames[] = " names=web.socket:client:event:counter";

void FdStoreTest::FindsAllAgain() {
  const absl::StatusOr<Conversation> conversation =
      Conversation::Open(client().Bound("web.socket"));
  ASSERT_TRUE(conversation.ok());
  EXPECT_EQ(Answer(*conversation), "runs=1 events=1 names=web.socket");
  ExpectStored(kAll);
  ASSERT_TRUE(client().Restart("web.service").ok());
  EXPECT_EQ(Answer(*conversation), absl::StrCat("runs=2 events=2", kNames));
  ASSERT_NO_FATAL_FAILURE(KillDaemon());
  EXPECT_EQ(Answer(*conversation), absl::StrCat("runs=2 events=2", kNames));
  ExpectStored(kAll);
  ASSERT_TRUE(client().Restart("web.service").ok());
  EXPECT_EQ(Answer(*conversation), absl::StrCat("runs=3 events=3", kNames));
  ExpectStored(kAll);
}

TEST_F(FdStoreTest, AServiceInPythonFindsAllAgain) {
  ASSERT_NO_FATAL_FAILURE(ServePython());
  FindsAllAgain();
}

TEST_F(FdStoreTest, AServiceInGoFindsAllAgain) {
  const char* const program = getenv("SOCKETD_GO_STORE");  // NOLINT(concurrency-mt-unsafe)
  if (program == nullptr || !std::filesystem::exists(program))
    GTEST_SKIP() << "SOCKETD_GO_STORE is not set; see tests/run";
  ASSERT_NO_FATAL_FAILURE(Serve(program));
  FindsAllAgain();
}

// Its version 252 cannot send descriptors, but has them removed.
TEST_F(FdStoreTest, SystemdNotifyRemovesByName) {
  if (!Installed("/usr/bin/systemd-notify")) GTEST_SKIP() << "needs the package systemd";
  ASSERT_NO_FATAL_FAILURE(ServePython(
      "NotifyAccess=all\n"
      // It speaks in the name of its parent.
      "ExecReload=/bin/sh -c 'systemd-notify FDSTOREREMOVE=1 FDNAME=event; exit $$?'\n"));
  const absl::StatusOr<Conversation> conversation =
      Conversation::Open(client().Bound("web.socket"));
  ASSERT_TRUE(conversation.ok());
  EXPECT_THAT(Answer(*conversation), HasSubstr("runs=1"));
  ExpectStored(kAll);
  ASSERT_TRUE(client().ReloadUnit("web.service").ok());
  ExpectStored("client:socket counter:memfd");
}

TEST_F(FdStoreTest, AClientThatHasLeftIsForgotten) {
  ASSERT_NO_FATAL_FAILURE(ServePython());
  {
    const absl::StatusOr<Conversation> conversation =
        Conversation::Open(client().Bound("web.socket"));
    ASSERT_TRUE(conversation.ok());
    EXPECT_THAT(Answer(*conversation), HasSubstr("runs=1"));
    ExpectStored(kAll);
  }
  ExpectStored("event:eventfd counter:memfd");
}

TEST_F(FdStoreTest, AFloodIsBoundedAndHoldsUpNobody) {
  place().WriteUnit("other.service", "[Service]\nExecStart=/bin/sleep infinity\n");
  const std::string program = place().Write("store_service.py", FileText(kPython));
  ASSERT_NO_FATAL_FAILURE(Serve(absl::StrCat("/usr/bin/python3 ", program, " 300")));
  const int before = DescriptorCount(daemon().daemon_pid());
  ASSERT_TRUE(client().StartWithoutWaiting("web.service").ok());
  EXPECT_TRUE(client().Start("other.service").ok());
  ASSERT_TRUE(client().Start("web.service").ok());
  EXPECT_EQ(Status().stored(), 16U);
  // 75,300 were sent.
  EXPECT_LT(DescriptorCount(daemon().daemon_pid()), before + 2000);
  ASSERT_NO_FATAL_FAILURE(KillDaemon());
  EXPECT_EQ(Status().stored(), 16U);
  ASSERT_TRUE(client().Stop("web.service").ok());
  EXPECT_EQ(Status().stored(), 0U);
}

TEST_F(FdStoreTest, WhatIsPinnedOutlivesAStopAndIsCleaned) {
  ASSERT_NO_FATAL_FAILURE(ServePython("FileDescriptorStorePreserve=yes\n"));
  const absl::StatusOr<Conversation> conversation =
      Conversation::Open(client().Bound("web.socket"));
  ASSERT_TRUE(conversation.ok());
  EXPECT_THAT(Answer(*conversation), HasSubstr("runs=1"));
  ASSERT_TRUE(client().Stop("web.socket").ok());
  ASSERT_TRUE(client().Stop("web.service").ok());
  ASSERT_NO_FATAL_FAILURE(KillDaemon());
  EXPECT_EQ(client().State("web.service"), "dead");
  ExpectStored(kAll);
  // Nobody has closed the connection.
  EXPECT_TRUE(conversation->Say("?"));
  ASSERT_TRUE(client().Clean("web.service").ok());
  ExpectStored("");
  EXPECT_EQ(conversation->HearAll(), "");
}

}  // namespace
}  // namespace socketd::real
