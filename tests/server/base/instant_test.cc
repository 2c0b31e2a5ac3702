#include "server/base/instant.h"

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(Instant, IsOrderedAndMovesBySpans) {
  const Instant early = Instant::After(absl::Seconds(1));
  const Instant late = early + absl::Seconds(2);
  EXPECT_LT(early, late);
  EXPECT_GE(late, early);
  EXPECT_NE(early, late);
  EXPECT_EQ(late - early, absl::Seconds(2));
  EXPECT_EQ(Instant::Start() + absl::Seconds(1), early);
}

TEST(Instant, NeverIsAfterEverythingAndStaysNever) {
  EXPECT_TRUE(Instant::Never().never());
  EXPECT_FALSE(Instant::Start().never());
  EXPECT_LT(Instant::After(absl::Hours(1000000)), Instant::Never());
  EXPECT_TRUE((Instant::Never() + absl::Seconds(1)).never());
  EXPECT_TRUE((Instant::Start() + absl::InfiniteDuration()).never());
}

}  // namespace
}  // namespace socketd
