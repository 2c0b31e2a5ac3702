#include "server/engine/back_off.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(2);

class BackOffTest : public ::testing::Test {
 protected:
  // The wait that begins `pause` after the end of the last one.
  absl::Duration NextAfter(absl::Duration pause) {
    now_ = now_ + pause;
    const absl::Duration wait = back_off_.Next(now_, kWindow);
    now_ = now_ + wait;
    return wait;
  }

 private:
  BackOff back_off_{absl::Seconds(1), absl::Seconds(60)};
  Instant now_ = Instant::After(absl::Seconds(100));
};

TEST_F(BackOffTest, DoublesUpToTheMost) {
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60})
    EXPECT_EQ(NextAfter(absl::Seconds(1)), absl::Seconds(seconds));
}

TEST_F(BackOffTest, BeginsAnewAfterACalmAsLongAsTheLastWaitAndTheWindow) {
  NextAfter(absl::ZeroDuration());
  EXPECT_EQ(NextAfter(absl::Milliseconds(2999)), absl::Seconds(2));
  EXPECT_EQ(NextAfter(absl::Seconds(4)), absl::Seconds(1));
}

}  // namespace
}  // namespace socketd
