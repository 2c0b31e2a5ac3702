#include "server/engine/history.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Change ChangeOf(const std::string& unit) {
  Change change;
  change.unit = unit;
  return change;
}

TEST(History, NumbersWithoutAGap) {
  History history(10);
  EXPECT_EQ(history.Append(ChangeOf("a.socket")), 1);
  EXPECT_EQ(history.Append(ChangeOf("b.socket")), 2);
  EXPECT_EQ(history.first_revision(), 1);
  EXPECT_EQ(history.last_revision(), 2);
}

TEST(History, SaysThatWhatIsGoneIsGone) {
  History history(2);
  for (int i = 0; i < 5; ++i)
    history.Append(ChangeOf("a.socket"));
  EXPECT_EQ(history.first_revision(), 4);
  std::vector<Change> changes;
  EXPECT_FALSE(history.Read(3, 10, changes));
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_TRUE(history.Read(4, 10, changes));
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].revision, 4);
}

TEST(History, GivesNothingBeyondTheLast) {
  History history(2, 7);
  std::vector<Change> changes;
  EXPECT_TRUE(history.Read(8, 10, changes));
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_EQ(history.Append(ChangeOf("a.socket")), 8);
}

}  // namespace
}  // namespace socketd
