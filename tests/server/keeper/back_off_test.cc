#include "server/keeper/back_off.h"

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(CrashHistory, TheFirstRestartIsAtOnceAndTheOthersLaterAndLater) {
  CrashHistory crashes;
  int64_t now = 0;
  for (const int64_t delay : {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000}) {
    crashes.Add(now, now);
    EXPECT_EQ(crashes.delay(), delay);
    now += crashes.delay();
  }
  for (int i = 0; i < 100; ++i)
    crashes.Add(now, now);
  EXPECT_EQ(crashes.delay(), CrashHistory::kLongest);
}

TEST(CrashHistory, FiveWithinAMinuteHoldActivation) {
  CrashHistory crashes;
  for (int i = 0; i < 4; ++i) {
    crashes.Add(1000, 1000);
    EXPECT_FALSE(crashes.hold()) << i;
  }
  crashes.Add(1000 + CrashHistory::kPeace - 1, 1000 + CrashHistory::kPeace - 1);
  EXPECT_TRUE(crashes.hold());
}

TEST(CrashHistory, FiveInALongerTimeDoNot) {
  CrashHistory crashes;
  for (int i = 0; i < 20; ++i) {
    const int64_t start = i * (CrashHistory::kPeace / 4 + 1);
    crashes.Add(start, start);
    EXPECT_FALSE(crashes.hold()) << i;
  }
}

TEST(CrashHistory, ALongLifeForgivesWhatWasBefore) {
  CrashHistory crashes;
  for (int i = 0; i < 9; ++i)
    crashes.Add(0, 0);
  EXPECT_TRUE(crashes.hold());
  CrashHistory other = crashes;
  crashes.Add(0, CrashHistory::kPeace);
  EXPECT_FALSE(crashes.hold());
  EXPECT_EQ(crashes.delay(), 0);
  other.Forgive(0, CrashHistory::kPeace - 1);
  EXPECT_TRUE(other.hold());
  other.Forgive(0, CrashHistory::kPeace);
  EXPECT_FALSE(other.hold());
}

}  // namespace
}  // namespace socketd
