#include "server/loop/timers.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Instant At(int seconds) {
  return Instant::After(absl::Seconds(seconds));
}

class TimersTest : public ::testing::Test {
 protected:
  Timer Note(int seconds, std::string what) {
    return timers_.At(At(seconds), [this, what = std::move(what)] { fired_.push_back(what); });
  }

  Timers timers_;
  std::vector<std::string> fired_;
};

TEST_F(TimersTest, FireWhatIsDueByDeadlineThenByAge) {
  const Timer a = Note(3, "late");
  const Timer b = Note(1, "early");
  const Timer c = Note(2, "first of two");
  const Timer d = Note(2, "second of two");
  const Timer e = Note(9, "not yet");
  EXPECT_EQ(timers_.NextDeadline(), At(1));
  timers_.Fire(At(3));
  EXPECT_THAT(fired_, ElementsAre("early", "first of two", "second of two", "late"));
  EXPECT_EQ(timers_.NextDeadline(), At(9));
  EXPECT_FALSE(a);
  EXPECT_TRUE(e);
}

TEST_F(TimersTest, FireOnlyOnce) {
  const Timer timer = Note(1, "once");
  timers_.Fire(At(1));
  timers_.Fire(At(5));
  EXPECT_THAT(fired_, ElementsAre("once"));
  EXPECT_TRUE(timers_.NextDeadline().never());
}

TEST_F(TimersTest, DroppingDisarms) {
  {
    const Timer timer = Note(1, "gone");
  }
  EXPECT_EQ(timers_.armed(), 0U);
  timers_.Fire(At(5));
  EXPECT_THAT(fired_, IsEmpty());
}

TEST_F(TimersTest, MovingKeepsArmedAndAssigningDisarmsTheOld) {
  Timer timer = Note(1, "old");
  Timer moved = std::move(timer);
  EXPECT_FALSE(timer);  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  EXPECT_EQ(moved.deadline(), At(1));
  moved = Note(2, "new");
  EXPECT_EQ(timers_.armed(), 1U);
  timers_.Fire(At(5));
  EXPECT_THAT(fired_, ElementsAre("new"));
}

TEST_F(TimersTest, DisarmingAnotherInsideFireKeepsItFromFiring) {
  Timer second;
  const Timer first = timers_.At(At(1), [&] {
    fired_.push_back("first");
    second = Timer();
  });
  second = Note(1, "second");
  timers_.Fire(At(1));
  EXPECT_THAT(fired_, ElementsAre("first"));
}

TEST_F(TimersTest, DroppingItselfInsideFireIsFine) {
  auto timer = std::make_unique<Timer>();
  *timer = timers_.At(At(1), [&] {
    fired_.push_back("fired");
    timer.reset();
  });
  timers_.Fire(At(1));
  EXPECT_THAT(fired_, ElementsAre("fired"));
  EXPECT_EQ(timers_.armed(), 0U);
}

TEST_F(TimersTest, WhatIsArmedInsideFireWaitsForTheNextTurn) {
  Timer again;
  const Timer first = timers_.At(At(1), [&] { again = Note(1, "again"); });
  timers_.Fire(At(1));
  EXPECT_THAT(fired_, IsEmpty());
  timers_.Fire(At(1));
  EXPECT_THAT(fired_, ElementsAre("again"));
}

TEST_F(TimersTest, ATimerCanBeArmedAnewInsideItsOwnFire) {
  Timer timer;
  int count = 0;
  std::function<void()> tick = [&] {
    ++count;
    timer = timers_.At(At(1 + count), tick);
  };
  timer = timers_.At(At(1), tick);
  for (int second = 1; second <= 3; ++second)
    timers_.Fire(At(second));
  EXPECT_EQ(count, 3);
  EXPECT_EQ(timer.deadline(), At(4));
}

TEST_F(TimersTest, PostponingMovesAllAndKeepsTheOrder) {
  const Timer a = Note(1, "a");
  const Timer b = Note(1, "b");
  Timer c = Note(2, "c");
  timers_.Postpone(absl::Seconds(10));
  EXPECT_EQ(a.deadline(), At(11));
  timers_.Fire(At(10));
  EXPECT_THAT(fired_, IsEmpty());
  c = Timer();
  timers_.Fire(At(12));
  EXPECT_THAT(fired_, ElementsAre("a", "b"));
}

TEST_F(TimersTest, ANeverTimerDoesNotFire) {
  const Timer timer = timers_.At(Instant::Never(), [this] { fired_.push_back("never"); });
  EXPECT_TRUE(timers_.NextDeadline().never());
  timers_.Postpone(absl::Seconds(1));
  timers_.Fire(At(1000000));
  EXPECT_THAT(fired_, IsEmpty());
}

TEST(Timers, MayBeGoneBeforeTheirTimer) {
  Timer timer;
  {
    Timers timers;
    timer = timers.At(At(1), [] {});
  }
  EXPECT_FALSE(timer);
}

}  // namespace
}  // namespace socketd
