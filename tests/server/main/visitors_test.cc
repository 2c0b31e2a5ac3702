#include "server/main/visitors.h"

#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::IsOk;

class Closer final : public FdOwner {
 public:
  void Close(int number) override { close(number); }
};

class VisitorsTest : public ::testing::Test {
 protected:
  Fd Connection() { return {closer_, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}; }

  // So many connections of one user, all kept.
  absl::Status Come(uint32_t uid, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      connections_.push_back(Connection());
      const absl::Status admitted = visitors_.Admit(uid, connections_.back());
      if (admitted.ok()) continue;
      connections_.pop_back();
      return admitted;
    }
    return absl::OkStatus();
  }

  Closer closer_;
  std::vector<Fd> connections_;
  Visitors visitors_{1000};
};

TEST_F(VisitorsTest, EachUserHasSoManyPlaces) {
  EXPECT_THAT(Come(4711, Visitors::kEachLimit), IsOk());
  EXPECT_THAT(Come(4711, 1), FailsBecause("TOO_MANY_CONNECTIONS"));
  EXPECT_THAT(Come(4712, Visitors::kEachLimit), IsOk());
}

TEST_F(VisitorsTest, AllTogetherHaveSoMany) {
  uint32_t uid = 5000;
  for (size_t count = 0; count < Visitors::kAllLimit; count += Visitors::kEachLimit)
    ASSERT_THAT(Come(uid++, Visitors::kEachLimit), IsOk());
  EXPECT_THAT(Come(uid, 1), FailsBecause("TOO_MANY_CONNECTIONS"));
}

TEST_F(VisitorsTest, OperatorsAreNotCounted) {
  EXPECT_THAT(Come(0, 2 * Visitors::kAllLimit), IsOk());
  EXPECT_THAT(Come(1000, Visitors::kEachLimit + 1), IsOk());
  EXPECT_THAT(Come(4711, Visitors::kEachLimit), IsOk());
}

TEST_F(VisitorsTest, WhoLeftGivesTheirPlacesBack) {
  ASSERT_THAT(Come(4711, Visitors::kEachLimit), IsOk());
  connections_.resize(Visitors::kEachLimit / 2);
  EXPECT_THAT(Come(4711, Visitors::kEachLimit / 2), IsOk());
  EXPECT_THAT(Come(4711, 1), FailsBecause("TOO_MANY_CONNECTIONS"));
}

TEST_F(VisitorsTest, ANumberThatIsSomebodyElsesByNowHoldsNoPlace) {
  ASSERT_THAT(Come(4711, Visitors::kEachLimit), IsOk());
  connections_.clear();
  // The lowest numbers are given again.
  std::vector<Fd> others;
  for (size_t i = 0; i < Visitors::kEachLimit; ++i)
    others.push_back(Connection());
  EXPECT_THAT(Come(4711, Visitors::kEachLimit), IsOk());
}

}  // namespace
}  // namespace socketd
