#include "server/base/fd.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Closer final : public FdOwner {
 public:
  void Close(int number) override { closed.push_back(number); }
  std::vector<int> closed;
};

TEST(Fd, ClosesOnceWhenDropped) {
  Closer owner;
  {
    const Fd fd(owner, 7);
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.number(), 7);
  }
  EXPECT_THAT(owner.closed, ElementsAre(7));
}

TEST(Fd, AnEmptyOneClosesNothing) {
  const Fd fd;
  EXPECT_FALSE(fd);
}

TEST(Fd, MovingGivesTheDuty) {
  Closer owner;
  Fd first(owner, 7);
  {
    const Fd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that it is empty is the promise
    EXPECT_THAT(owner.closed, IsEmpty());
  }
  EXPECT_THAT(owner.closed, ElementsAre(7));
}

TEST(Fd, AssigningClosesWhatWasThere) {
  Closer owner;
  Fd fd(owner, 7);
  fd = Fd(owner, 8);
  EXPECT_THAT(owner.closed, ElementsAre(7));
  fd = Fd();
  EXPECT_THAT(owner.closed, ElementsAre(7, 8));
}

TEST(Fd, AssigningToItselfKeepsIt) {
  Closer owner;
  Fd fd(owner, 7);
  Fd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(fd);
  EXPECT_THAT(owner.closed, IsEmpty());
}

TEST(Fd, ReleasingDoesNotClose) {
  Closer owner;
  Fd fd(owner, 7);
  EXPECT_EQ(fd.Release(), 7);
  EXPECT_FALSE(fd);
  EXPECT_THAT(owner.closed, IsEmpty());
}

}  // namespace
}  // namespace socketd
