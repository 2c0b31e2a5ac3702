#include "server/loop/event_loop.h"

#include <signal.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/fake_kernel.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Event::Kind;

// Notes what comes, and does what the test says.
class Listener final : public Subscriber {
 public:
  explicit Listener(std::function<void(const Event&)> then) : then_(std::move(then)) {}
  void OnEvent(const Event& event) override { then_(event); }

 private:
  std::function<void(const Event&)> then_;
};

class EventLoopTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  EventLoopTest() : kernel_(GetParam()), loop_(kernel_) {
    EXPECT_THAT(kernel_.processes().SetScript("/bin/now", "exits 0"), IsOk());
  }

  Group MakeGroup(Token token) {
    auto group = kernel_.NewGroup("a.service", token);
    EXPECT_THAT(group, IsOk());
    return *std::move(group);
  }

  Child Start(const Group& group, Token token) {
    SpawnSpec spec;
    spec.token = token;
    spec.group = &group;
    spec.program = "/bin/now";
    spec.argv = {"/bin/now"};
    auto child = kernel_.Spawn(spec);
    EXPECT_THAT(child, IsOk());
    return *std::move(child);
  }

  Port Open(uint16_t number = 80) {
    ListenSpec spec;
    spec.address = Ipv4Address{{127, 0, 0, 1}, number};
    auto port = kernel_.Listen(spec);
    EXPECT_THAT(port, IsOk());
    return *std::move(port);
  }

  sim::FakeKernel kernel_;
  EventLoop loop_;
  std::vector<std::string> order_;
};

TEST_P(EventLoopTest, UrgentThenExitsThenTimersThenTrafficThenMailThenAfterWork) {
  Listener exits([&](const Event& event) {
    if (event.kind == Kind::kExited) order_.push_back("exit");
  });
  Listener groups([&](const Event&) { order_.push_back("group"); });
  Listener traffic([&](const Event&) { order_.push_back("traffic"); });
  Listener urgent([&](const Event&) { order_.push_back("urgent"); });
  const Subscription exit_events(loop_, exits);
  const Subscription group_events(loop_, groups);
  const Subscription traffic_events(loop_, traffic);
  const Subscription urgent_events(loop_, urgent, Priority::kUrgent);
  loop_.OnSignal([&](int) { order_.push_back("signal"); });
  loop_.AtEndOfTurn([&] { order_.push_back("end"); });

  const Group group = MakeGroup(group_events.token());
  const Child child = Start(group, exit_events.token());
  const Port port = Open();
  const Port other = Open(81);
  ASSERT_THAT(kernel_.Arm(port.fd, traffic_events.token(), Arming::kOnce), IsOk());
  ASSERT_THAT(kernel_.Arm(other.fd, urgent_events.token(), Arming::kOnce), IsOk());
  ASSERT_THAT(kernel_.ports().Connect("127.0.0.1:80"), IsOk());
  ASSERT_THAT(kernel_.ports().Connect("127.0.0.1:81"), IsOk());
  const Timer timer = loop_.timers().At(loop_.now(), [&] { order_.push_back("timer"); });
  ASSERT_THAT(loop_.mailbox().Post([&] { order_.push_back("mail"); }), IsOk());
  kernel_.Raise(SIGHUP);
  kernel_.HasEvents();  // the child runs through
  loop_.Turn();
  EXPECT_THAT(order_,
              ElementsAre("urgent", "exit", "group", "timer", "traffic", "signal", "mail", "end"));
  kernel_.Disarm(port.fd);
  kernel_.Disarm(other.fd);
}

TEST_P(EventLoopTest, AnExitBeatsItsOwnTimeout) {
  std::optional<Timer> timeout;
  Listener exits([&](const Event& event) {
    if (event.kind != Kind::kExited) return;
    order_.push_back("exit");
    timeout.reset();
  });
  const Subscription events(loop_, exits);
  ASSERT_THAT(kernel_.processes().SetScript("/bin/now", "exits 0 after 5s"), IsOk());
  const Group group = MakeGroup(events.token());
  const Child child = Start(group, events.token());
  timeout = loop_.timers().At(loop_.now() + absl::Seconds(5), [&] { order_.push_back("late"); });
  const Instant end = loop_.now() + absl::Seconds(10);
  while (loop_.now() < end)
    loop_.Turn(end);
  EXPECT_THAT(order_, ElementsAre("exit"));
}

TEST_P(EventLoopTest, NobodyHearsForSomebodyWhoLeftInTheSameTurn) {
  std::optional<Subscription> first;
  std::optional<Subscription> second;
  Listener a([&](const Event&) {
    order_.push_back("one");
    second.reset();
  });
  Listener b([&](const Event&) {
    order_.push_back("one");
    first.reset();
  });
  first.emplace(loop_, a);
  second.emplace(loop_, b);
  kernel_.Lookup({"root", ""}, first->token());
  kernel_.Lookup({"root", ""}, second->token());
  kernel_.HasEvents();
  loop_.Turn();
  EXPECT_THAT(order_, ElementsAre("one"));
}

TEST_P(EventLoopTest, AStaleTokenDoesNotReachAStranger) {
  Listener old([&](const Event&) { order_.push_back("old"); });
  Listener fresh([&](const Event&) { order_.push_back("fresh"); });
  std::optional<Subscription> first;
  first.emplace(loop_, old);
  const Token stale = first->token();
  kernel_.Lookup({"root", ""}, stale);
  first.reset();
  const Subscription second(loop_, fresh);  // the same slot again
  EXPECT_NE(second.token(), stale);
  loop_.Turn(loop_.now() + absl::Seconds(1));
  EXPECT_THAT(order_, IsEmpty());
  EXPECT_EQ(loop_.subscriptions(), 1U);
}

TEST_P(EventLoopTest, TokensAreNeverNone) {
  Listener nobody([](const Event&) {});
  for (int i = 0; i < 1000; ++i) {
    const Subscription subscription(loop_, nobody);
    ASSERT_NE(subscription.token(), Token::kNone);
  }
  EXPECT_EQ(loop_.subscriptions(), 0U);
}

TEST_P(EventLoopTest, SubscribingInsideAnEventIsFine) {
  std::vector<Subscription> many;
  Listener quiet([](const Event&) {});
  Listener busy([&](const Event&) {
    for (int i = 0; i < 100; ++i)
      many.emplace_back(loop_, quiet);
  });
  const Subscription subscription(loop_, busy);
  kernel_.Lookup({"root", ""}, subscription.token());
  kernel_.HasEvents();
  loop_.Turn();
  EXPECT_EQ(loop_.subscriptions(), 101U);
}

TEST_P(EventLoopTest, MovingASubscriptionKeepsItsToken) {
  Listener note([&](const Event&) { order_.push_back("heard"); });
  Subscription first(loop_, note);
  const Token token = first.token();
  Subscription second(std::move(first));
  EXPECT_EQ(second.token(), token);
  first = std::move(second);
  kernel_.Lookup({"root", ""}, token);
  kernel_.HasEvents();
  loop_.Turn();
  EXPECT_THAT(order_, ElementsAre("heard"));
}

TEST_P(EventLoopTest, TimeStandsStillWithinATurnAndReachesTheTimer) {
  const Instant start = loop_.now();
  Instant seen;
  const Timer timer = loop_.timers().At(start + absl::Seconds(3), [&] { seen = loop_.now(); });
  loop_.Turn();
  EXPECT_EQ(seen, start + absl::Seconds(3));
  EXPECT_EQ(loop_.now(), seen);
}

TEST_P(EventLoopTest, ALimitedTurnComesBackInTime) {
  const Instant start = loop_.now();
  const Timer timer = loop_.timers().At(start + absl::Seconds(9), [&] { order_.push_back("no"); });
  loop_.Turn(start + absl::Seconds(2));
  EXPECT_EQ(loop_.now(), start + absl::Seconds(2));
  EXPECT_THAT(order_, IsEmpty());
}

TEST_P(EventLoopTest, AfterALongSleepDeadlinesMoveInsteadOfFiringAllAtOnce) {
  const Instant start = loop_.now();
  const Timer soon = loop_.timers().At(start + absl::Seconds(1), [&] { order_.push_back("soon"); });
  const Timer later =
      loop_.timers().At(start + absl::Seconds(5), [&] { order_.push_back("later"); });
  kernel_.Oversleep(absl::Hours(1));
  loop_.Turn();
  loop_.Turn(loop_.now());
  EXPECT_THAT(order_, ElementsAre("soon"));
  EXPECT_EQ(later.deadline(), start + absl::Hours(1) + absl::Seconds(5));
}

TEST_P(EventLoopTest, ALittleLatenessIsNoSleep) {
  const Instant start = loop_.now();
  const Timer soon = loop_.timers().At(start + absl::Seconds(1), [&] { order_.push_back("soon"); });
  const Timer later = loop_.timers().At(start + absl::Seconds(5), [] {});
  kernel_.Oversleep(absl::Milliseconds(400));
  loop_.Turn();
  EXPECT_THAT(order_, ElementsAre("soon"));
  EXPECT_EQ(later.deadline(), start + absl::Seconds(5));
}

TEST_P(EventLoopTest, RunGoesOnUntilStopped) {
  int turns = 0;
  loop_.AtEndOfTurn([&] { ++turns; });
  Timer timer = loop_.timers().At(loop_.now() + absl::Seconds(1), [&] {
    timer = loop_.timers().At(loop_.now() + absl::Seconds(1), [&] { loop_.Stop(); });
  });
  loop_.Run();
  EXPECT_EQ(turns, 2);
}

TEST_P(EventLoopTest, MailFromAnotherThreadIsDelivered) {
  bool done = false;
  std::thread poster([&] {
    ASSERT_THAT(loop_.mailbox().Post([&] {
      done = true;
      loop_.Stop();
    }),
                IsOk());
  });
  loop_.Run();
  poster.join();
  EXPECT_TRUE(done);
}

TEST_P(EventLoopTest, MailPostedByMailWaitsForTheNextTurn) {
  int ran = 0;
  ASSERT_THAT(loop_.mailbox().Post([&] {
    ++ran;
    ASSERT_THAT(loop_.mailbox().Post([&] { ++ran; }), IsOk());
  }),
              IsOk());
  loop_.Turn();
  EXPECT_EQ(ran, 1);
  loop_.Turn();
  EXPECT_EQ(ran, 2);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EventLoopTest, ::testing::Range(uint64_t{0}, uint64_t{20}));

}  // namespace
}  // namespace socketd
