#include "server/engine/spot_check.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;

// The gaps between the looks, when all is well each time.
std::vector<int> Gaps(SpotCheck& check, size_t looks) {
  std::vector<int> gaps;
  for (int gap = 0; gaps.size() < looks; ++gap) {
    if (!check.Due()) continue;
    check.Passed();
    gaps.push_back(gap);
    gap = -1;
  }
  return gaps;
}

TEST(SpotCheck, LooksTwiceAsSeldomEachTime) {
  SpotCheck check;
  EXPECT_THAT(Gaps(check, 7), ElementsAre(0, 1, 3, 7, 15, 15, 15));
}

TEST(SpotCheck, LooksAgainUntilAllIsWell) {
  SpotCheck check;
  EXPECT_TRUE(check.Due());
  EXPECT_TRUE(check.Due());
}

TEST(SpotCheck, BeginsAnew) {
  SpotCheck check;
  Gaps(check, 4);
  check.Reset();
  EXPECT_THAT(Gaps(check, 3), ElementsAre(0, 1, 3));
}

}  // namespace
}  // namespace socketd
