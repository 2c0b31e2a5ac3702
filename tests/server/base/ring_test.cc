#include "server/base/ring.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(Ring, KeepsTheLastOnesOldestFirst) {
  Ring<std::string> ring(3);
  EXPECT_TRUE(ring.empty());
  for (const char* item : {"a", "b", "c", "d", "e"})
    ring.Push(item);
  ASSERT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring[0], "c");
  EXPECT_EQ(ring[1], "d");
  EXPECT_EQ(ring[2], "e");
}

TEST(Ring, EveryFillLevelReadsInOrder) {
  Ring<int> ring(4);
  for (int pushed = 1; pushed <= 20; ++pushed) {
    ring.Push(pushed);
    const int held = std::min(pushed, 4);
    ASSERT_EQ(ring.size(), static_cast<size_t>(held));
    for (int i = 0; i < held; ++i)
      EXPECT_EQ(ring[static_cast<size_t>(i)], pushed - held + 1 + i);
  }
}

TEST(RingDeathTest, BeyondTheEndIsOurOwnMistake) {
  Ring<int> ring(2);
  ring.Push(1);
  EXPECT_DEATH(ring[1], "CHECK failed");
  EXPECT_DEATH(Ring<int>(0), "CHECK failed");
}

}  // namespace
}  // namespace socketd
