#include "server/engine/transaction.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/server/engine/fake_host.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::FakeHost;
using ::socketd::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class TransactionTest : public ::testing::Test {
 protected:
  Unit& unit(const std::string& name) { return host_.unit(name); }
  Unit& active(const std::string& name) { return host_.active(name); }

  // "start a.target", "stop b.target?" where it may be left out.
  static std::vector<std::string> JobsOf(const Plan& plan) {
    std::vector<std::string> jobs;
    for (const PlannedJob& job : plan.jobs) {
      jobs.push_back(
          absl::StrCat(std::string(NameOf(job.work)), " ", job.unit->name(), job.must ? "" : "?"));
    }
    return jobs;
  }

  FakeHost host_;
  Transaction transaction_{JobMode::kReplace};
};

TEST_F(TransactionTest, AStartTakesWhatIsRequiredAndWanted) {
  Links::Tie(unit("a.target"), LinkKind::kRequires, unit("b.target"));
  Links::Tie(unit("a.target"), LinkKind::kWants, unit("c.target"));
  Links::Tie(unit("b.target"), LinkKind::kRequires, unit("d.target"));
  ASSERT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}), IsOk());
  EXPECT_THAT(JobsOf(transaction_.Take()),
              UnorderedElementsAre("start a.target", "start b.target", "start c.target?",
                                   "start d.target"));
}

TEST_F(TransactionTest, WhatIsUpAlreadyIsNotStartedAgain) {
  Links::Tie(unit("a.target"), LinkKind::kRequires, active("b.target"));
  ASSERT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}), IsOk());
  EXPECT_THAT(JobsOf(transaction_.Take()), ElementsAre("start a.target"));
}

TEST_F(TransactionTest, AStartStopsWhatConflicts) {
  Links::Tie(unit("a.target"), LinkKind::kConflicts, active("b.target"));
  ASSERT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}), IsOk());
  EXPECT_THAT(JobsOf(transaction_.Take()), ElementsAre("start a.target", "stop b.target"));
}

TEST_F(TransactionTest, WhatMustStartAndStopAtOnceIsAConflict) {
  Links::Tie(unit("a.target"), LinkKind::kRequires, unit("b.target"));
  Links::Tie(unit("a.target"), LinkKind::kConflicts, unit("b.target"));
  EXPECT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}),
              FailsBecause("TRANSACTION_CONFLICT"));
}

TEST_F(TransactionTest, AStopTakesThoseThatNeedIt) {
  Links::Tie(active("a.target"), LinkKind::kRequires, active("d.target"));
  Links::Tie(active("b.target"), LinkKind::kRequisite, active("d.target"));
  Links::Tie(active("c.target"), LinkKind::kWants, active("d.target"));
  ASSERT_THAT(transaction_.Add(unit("d.target"), Work::kStop, {}), IsOk());
  EXPECT_THAT(JobsOf(transaction_.Take()),
              UnorderedElementsAre("stop d.target", "stop a.target", "stop b.target"));
}

TEST_F(TransactionTest, WhatHasToBeActiveAlreadyIsNotStarted) {
  Links::Tie(unit("a.target"), LinkKind::kRequisite, unit("b.target"));
  EXPECT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}),
              FailsBecause("REQUISITE_INACTIVE"));
}

TEST_F(TransactionTest, WhatIsOnlyWantedIsLeftOutWithoutItsRequisite) {
  Links::Tie(unit("top.target"), LinkKind::kWants, unit("a.target"));
  Links::Tie(unit("a.target"), LinkKind::kRequisite, unit("b.target"));
  ASSERT_THAT(transaction_.Add(unit("top.target"), Work::kStart, {}), IsOk());
  EXPECT_THAT(JobsOf(transaction_.Take()),
              ElementsAre("start top.target", "verify-active a.target?"));
}

TEST_F(TransactionTest, ACircleIsCutAtWhatMayBeLeftOut) {
  Links::Tie(unit("a.target"), LinkKind::kWants, unit("b.target"));
  Links::Tie(unit("a.target"), LinkKind::kAfter, unit("b.target"));
  Links::Tie(unit("b.target"), LinkKind::kAfter, unit("a.target"));
  ASSERT_THAT(transaction_.Add(unit("a.target"), Work::kStart, {}), IsOk());
  const Plan plan = transaction_.Take();
  ASSERT_THAT(plan.jobs, SizeIs(2));
  EXPECT_FALSE(plan.jobs[0].unordered);
  EXPECT_TRUE(plan.jobs[1].unordered);
  EXPECT_THAT(plan.warnings, SizeIs(1));
}

TEST_F(TransactionTest, TooManyAreRefusedUnlessEachWasAskedFor) {
  Transaction all(JobMode::kIgnoreDependencies);
  for (size_t i = 0; i <= kTransactionLimit; ++i) {
    Unit& one = unit(absl::StrCat("u", i, ".target"));
    Links::Tie(unit("top.target"), LinkKind::kRequires, one);
    ASSERT_THAT(all.Add(one, Work::kStop, {}), IsOk());
  }
  EXPECT_THAT(all.Take().jobs, SizeIs(kTransactionLimit + 1));
  EXPECT_THAT(transaction_.Add(unit("top.target"), Work::kStart, {}),
              FailsBecause("TRANSACTION_TOO_LARGE"));
  // One by one, each of them would look for itself among all.
  Links::CutOwn(unit("top.target"));
}

}  // namespace
}  // namespace socketd
