// More than the limits allow, on the real kernel.
#include <algorithm>
#include <string>
#include <vector>

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

using ::testing::ElementsAre;
using ::testing::StartsWith;

// Resident memory in KiB, without what it shares: the engine's memory is a journal of a fixed size.
int64_t MemoryOf(int pid) {
  const std::string text = FileText(absl::StrCat("/proc/", pid, "/statm"));
  const std::vector<std::string> pages = absl::StrSplit(text, ' ');
  int64_t resident = 0;
  int64_t shared = 0;
  const bool read = pages.size() > 2 && absl::SimpleAtoi(pages[1], &resident) &&
                    absl::SimpleAtoi(pages[2], &shared);
  return read ? (resident - shared) * 4 : 0;
}

class OverloadTest : public DaemonTest {
 protected:
  // So many clients at once; how many of them were served.
  int Burst(int clients) {
    std::vector<Conversation> open;
    for (int i = 0; i < clients; ++i) {
      absl::StatusOr<Conversation> one = Conversation::Open(path());
      EXPECT_TRUE(one.ok()) << one.status();
      if (one.ok()) open.push_back(*std::move(one));
    }
    return static_cast<int>(std::count_if(
        open.begin(), open.end(), [](const Conversation& one) { return !one.HearAll().empty(); }));
  }
  v1::SocketStatus Counters() { return client().Get("flood.socket")->status().socket(); }
  std::string path() const { return place().root() + "/flood"; }
};

TEST_F(OverloadTest, AFloodPassesTheSocketListensAgainAndEveryConnectionIsCounted) {
  constexpr int kClients = 100000;
  constexpr int kAtOnce = 500;
  constexpr uint64_t kBurst = 24000;
  place().WriteUnit("flood.socket",
                    absl::StrCat("[Socket]\nListenStream=", path(),
                                 "\nAccept=yes\nMaxConnections=8\nTriggerLimitIntervalSec=10min\n"
                                 "PollLimitBurst=0\n"
                                 "TriggerLimitBurst=",
                                 kBurst, "\n"));
  place().WriteUnit("flood@.service",
                    "[Service]\nStandardInput=socket\nExecStart=/bin/echo served\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("flood.socket").ok());
  uint64_t served = 0;
  const auto flood = [&](int clients) {
    for (int sent = 0; sent < clients; sent += kAtOnce)
      served += Burst(kAtOnce);
  };
  flood(kClients / 5);  // after which the history of changes is as long as it gets
  const int64_t memory = MemoryOf(daemon().daemon_pid());
  const int descriptors = DescriptorCount(daemon().pid());
  flood(kClients - kClients / 5);

  const v1::SocketStatus counters = Counters();
  EXPECT_EQ(client().State("flood.socket"), "listening");
  EXPECT_EQ(counters.accepted(), served);
  EXPECT_EQ(counters.refusals().max_connections(), counters.refused());
  EXPECT_EQ(counters.accepted() + counters.refused(), static_cast<uint64_t>(kClients));
  EXPECT_GT(counters.refused(), 0U);
  EXPECT_EQ(counters.trigger_limit_hits(), kClients / kBurst);
  EXPECT_EQ(counters.coolings(), counters.trigger_limit_hits());
  // The last ones of the flood may hold all places yet.
  int asked = 0;
  while (Counters().connections() > 0 && ++asked < 100000) {
  }
  EXPECT_EQ(Ask(path(), ""), "served\n");
  EXPECT_LE(DescriptorCount(daemon().pid()), descriptors + 8);
  RecordProperty("served", static_cast<int>(served));
  RecordProperty("kib_before", static_cast<int>(memory));
  RecordProperty("kib_after", static_cast<int>(MemoryOf(daemon().daemon_pid())));
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed for a while
  EXPECT_LT(MemoryOf(daemon().daemon_pid()), memory + 2048) << "KiB; it was " << memory;
#endif
}

// Two runs are enough to see it; the state says whose fault it is.
TEST_F(OverloadTest, AServiceThatAcceptsNothingIsNotStartedOverAndOver) {
  const std::string port = absl::StrCat("127.0.0.1:", FreePort());
  place().WriteUnit("unix.socket", absl::StrCat("[Socket]\nListenStream=", path(), "\n"));
  place().WriteUnit("tcp.socket", absl::StrCat("[Socket]\nListenStream=", port, "\n"));
  for (const std::string name : {"unix", "tcp"})
    place().WriteUnit(name + ".service", "[Service]\nExecStart=/bin/true\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  for (const std::string name : {"unix", "tcp"}) {
    ASSERT_TRUE(client().Start(name + ".socket").ok());
    const auto watcher = client().Watch();
    const auto waits = Conversation::Open(name == "unix" ? path() : port);
    ASSERT_TRUE(waits.ok());
    EXPECT_THAT(watcher->Until(name + ".socket", "cooling"),
                ElementsAre("running", "listening", "running", "cooling"));
    EXPECT_THAT(client().Get(name + ".socket")->status().cause().detail(),
                StartsWith(name + ".service ended without accepting"));
  }
}

// The window is too long for anybody to see its end here; the scenarios see it.
TEST_F(OverloadTest, BeyondThePollLimitConnectionsWaitInTheKernel) {
  place().WriteUnit("slow.socket", absl::StrCat("[Socket]\nListenStream=", path(),
                                                "\nAccept=yes\nPollLimitIntervalSec=1h\n"
                                                "PollLimitBurst=2\n"));
  const std::string other = path() + "-other";
  place().WriteUnit("other.socket",
                    absl::StrCat("[Socket]\nListenStream=", other, "\nAccept=yes\n"));
  for (const std::string name : {"slow", "other"}) {
    place().WriteUnit(name + "@.service",
                      "[Service]\nStandardInput=socket\nExecStart=/bin/echo served\n");
  }
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("slow.socket").ok());
  ASSERT_TRUE(client().Start("other.socket").ok());
  EXPECT_EQ(Ask(path(), ""), "served\n");
  EXPECT_EQ(Ask(path(), ""), "served\n");
  const auto waits = Conversation::Open(path());
  ASSERT_TRUE(waits.ok());
  EXPECT_EQ(Ask(other, ""), "served\n");  // came later, so the one that waits was seen
  EXPECT_EQ(client().State("slow.socket"), "listening");
  const v1::SocketStatus counters = client().Get("slow.socket")->status().socket();
  EXPECT_EQ(counters.poll_limit_hits(), 1U);
  EXPECT_EQ(counters.accepted(), 2U);
  EXPECT_EQ(counters.refused(), 0U);
}

TEST_F(OverloadTest, ASourceHasNoMoreConnectionsThanItsShare) {
  const std::string tcp = absl::StrCat("127.0.0.1:", FreePort());
  place().WriteUnit("shared.socket",
                    absl::StrCat("[Socket]\nListenStream=", path(), "\nListenStream=", tcp,
                                 "\nAccept=yes\nMaxConnectionsPerSource=1\n"));
  place().WriteUnit("shared@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("shared.socket").ok());
  const auto watcher = client().Watch();
  for (const std::string& address : {path(), tcp}) {
    const auto first = Conversation::Open(address);
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE(first->Say("x"));
    EXPECT_EQ(first->Hear(), "x") << address;
    EXPECT_EQ(Ask(address, "y"), "") << address;
  }
  EXPECT_NE(watcher->NextThat("shared@", kGone), "");
  EXPECT_NE(watcher->NextThat("shared@", kGone), "");
  EXPECT_EQ(Ask(tcp, "y"), "y");
  EXPECT_EQ(
      client().Get("shared.socket")->status().socket().refusals().max_connections_per_source(), 2U);
}

}  // namespace
}  // namespace socketd::real
