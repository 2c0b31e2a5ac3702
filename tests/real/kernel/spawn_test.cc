// How processes start, run and end on the real kernel.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;

class SpawnTest : public World {};

TEST_F(SpawnTest, TellsExecThenExitThenEmptyGroup) {
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exit 7"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_GT(child->pid(), 0);
  EXPECT_THAT(Until(Event::Kind::kGroupEmpty),
              ElementsAre(Event::Kind::kExeced, Event::Kind::kExited, Event::Kind::kGroupEmpty));
  EXPECT_EQ(kernel().Reap(std::move(*child)), (Exit{Exit::How::kExited, 7}));
}

TEST_F(SpawnTest, TheExecutorTellsTheSame) {
  context().directories.push_back({Path("made/here"), 0710});
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exit 7"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_THAT(Until(Event::Kind::kGroupEmpty),
              ElementsAre(Event::Kind::kExeced, Event::Kind::kExited, Event::Kind::kGroupEmpty));
  EXPECT_EQ(kernel().Reap(std::move(*child)), (Exit{Exit::How::kExited, 7}));
  EXPECT_EQ(access(Path("made/here").c_str(), X_OK), 0);
}

TEST_F(SpawnTest, ASignalReachesTheProcess) {
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  EXPECT_EQ(kernel().Signal(*child, SIGTERM, Whom::kProcess).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_EQ(kernel().Signal(*child, SIGTERM, Whom::kProcess).value(), Reached::kNobody);
  EXPECT_EQ(kernel().Reap(std::move(*child)), (Exit{Exit::How::kSignaled, SIGTERM}));
}

TEST_F(SpawnTest, AGroupIsKilledWithAllThatFledFromItsSession) {
  const Group group = NewGroup();
  const std::string line =
      "setsid sh -c 'trap \"\" TERM; touch $T/up; while :; do sleep 100; done' & exit 0";
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, line));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_TRUE(kernel().Populated(group));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL, nullptr).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  EXPECT_FALSE(kernel().Populated(group));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL, nullptr).value(), Reached::kNobody);
}

}  // namespace
}  // namespace socketd
