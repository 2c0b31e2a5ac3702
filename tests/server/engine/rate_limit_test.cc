#include "server/engine/rate_limit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

Instant At(int seconds) {
  return Instant::After(absl::Seconds(seconds));
}

TEST(RateWindow, AdmitsTheBurstAndNoMore) {
  const RateLimit limit{absl::Seconds(10), 2};
  RateWindow window;
  EXPECT_TRUE(window.Admit(limit, At(0)));
  EXPECT_TRUE(window.Admit(limit, At(1)));
  EXPECT_FALSE(window.Admit(limit, At(9)));
}

TEST(RateWindow, SaysWhetherItIsFullWithoutCounting) {
  const RateLimit limit{absl::Seconds(10), 1};
  RateWindow window;
  EXPECT_FALSE(window.Full(limit, At(0)));
  EXPECT_FALSE(window.Full(limit, At(0)));
  window.Admit(limit, At(0));
  EXPECT_TRUE(window.Full(limit, At(9)));
  EXPECT_FALSE(window.Full(limit, At(10)));
}

TEST(RateWindow, OpensAgainWhenTheSpanHasPassed) {
  const RateLimit limit{absl::Seconds(10), 1};
  RateWindow window;
  EXPECT_TRUE(window.Admit(limit, At(5)));
  EXPECT_FALSE(window.Admit(limit, At(14)));
  EXPECT_TRUE(window.Admit(limit, At(15)));
}

TEST(RateWindow, SaysWhenTheWindowEnds) {
  const RateLimit limit{absl::Seconds(10), 1};
  RateWindow window;
  window.Admit(limit, At(5));
  EXPECT_EQ(window.End(limit), At(15));
}

TEST(RateWindow, ZeroMeansNoLimit) {
  RateWindow window;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(window.Admit({absl::ZeroDuration(), 1}, At(0)));
    EXPECT_TRUE(window.Admit({absl::Seconds(10), 0}, At(0)));
  }
}

TEST(RateWindow, ForgetsWhenReset) {
  const RateLimit limit{absl::Seconds(10), 1};
  RateWindow window;
  EXPECT_TRUE(window.Admit(limit, At(0)));
  window.Reset();
  EXPECT_TRUE(window.Admit(limit, At(0)));
}

}  // namespace
}  // namespace socketd
