#include "server/engine/job.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(Merge, IsSound) {
  EXPECT_TRUE(MergeIsSound());
}

TEST(Merge, StartAndStopContradict) {
  EXPECT_EQ(Merge(Work::kStart, Work::kStop), std::nullopt);
  EXPECT_EQ(Merge(Work::kStop, Work::kRestart), std::nullopt);
}

TEST(Merge, TheStrongerWishSatisfiesBoth) {
  EXPECT_EQ(Merge(Work::kVerify, Work::kStart), Work::kStart);
  EXPECT_EQ(Merge(Work::kStart, Work::kRestart), Work::kRestart);
  EXPECT_EQ(Merge(Work::kReload, Work::kRestart), Work::kRestart);
  EXPECT_EQ(Merge(Work::kStart, Work::kReload), Work::kReloadOrStart);
}

TEST(Job, ARestartStopsFirst) {
  Job job;
  job.work = Work::kRestart;
  EXPECT_TRUE(job.stops());
  EXPECT_FALSE(job.starts());
}

}  // namespace
}  // namespace socketd
