// The part of the contract that is about processes and their groups.
#include <signal.h>

#include <string>
#include <utility>

#include "tests/sim/kernel_contract.h"
#include "tests/testing/matchers.h"

namespace socketd::sim {

using ::socketd::testing::FailsWith;
using ::socketd::testing::IsOk;
using ::socketd::testing::IsOkAndHolds;
using Kind = Event::Kind;
using Program = KernelWorld::Program;

namespace {

constexpr Token kGroupToken{(1ULL << 32) | 1U};
constexpr Token kChildToken{(1ULL << 32) | 2U};
constexpr Token kPortToken{(1ULL << 32) | 3U};
constexpr Token kOtherToken{(1ULL << 32) | 4U};

// Long enough for a real kernel to tell what it has to tell.
constexpr absl::Duration kQuiet = absl::Milliseconds(100);

}  // namespace

TEST_P(KernelContract, AChildIsExecedThenExitsThenLeavesItsGroupEmpty) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  EXPECT_NE(group->id(), GroupId::kNone);
  auto child = kernel().Spawn(SpecOf(Program::kExitsZero, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  EXPECT_GT(child->pid(), 0);
  ASSERT_TRUE(Await(Kind::kGroupEmpty, kGroupToken));
  EXPECT_LT(Place(Kind::kExeced, kChildToken), Place(Kind::kExited, kChildToken));
  EXPECT_LT(Place(Kind::kExited, kChildToken), Place(Kind::kGroupEmpty, kGroupToken));
  EXPECT_NE(Place(Kind::kExeced, kChildToken), -1);
  EXPECT_FALSE(kernel().Populated(*group));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 0}));
}

TEST_P(KernelContract, TheExitStatusIsTold) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kExitsSeven, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 7}));
}

TEST_P(KernelContract, AProgramThatIsNotThereFailsToSpawn) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  SpawnSpec spec = SpecOf(Program::kExitsZero, *group, kChildToken);
  spec.program = "/nowhere/at/all";
  auto child = kernel().Spawn(spec);
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kSpawnFailed, kChildToken));
  const Event& failed = seen().at(static_cast<size_t>(Place(Kind::kSpawnFailed, kChildToken)));
  EXPECT_EQ(failed.step, "exec");
  EXPECT_EQ(failed.error, ENOENT);
  EXPECT_EQ(failed.exit_status, 203);
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kExited, kChildToken), -1);
  EXPECT_EQ(Place(Kind::kExeced, kChildToken), -1);
}

TEST_P(KernelContract, TermEndsAChildAndAGoneOneIsNobody) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kHangs, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExeced, kChildToken));
  EXPECT_TRUE(kernel().Populated(*group));
  EXPECT_THAT(kernel().Signal(*child, SIGTERM, Whom::kProcess), IsOkAndHolds(Reached::kSomebody));
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  EXPECT_THAT(kernel().SignalGroup(*group, SIGTERM), IsOkAndHolds(Reached::kNobody));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kSignaled, SIGTERM}));
}

TEST_P(KernelContract, ASignalRightAfterSpawnReachesTheProcessGroup) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kHangs, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(kernel().Signal(*child, SIGKILL, Whom::kProcessGroup),
              IsOkAndHolds(Reached::kSomebody));
  EXPECT_TRUE(Await(Kind::kGroupEmpty, kGroupToken));
}

TEST_P(KernelContract, KillEndsAChildThatIgnoresTerm) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kIgnoresTerm, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExeced, kChildToken));
  Watch(kQuiet);  // a shell needs a moment to set its trap
  EXPECT_THAT(kernel().Signal(*child, SIGTERM, Whom::kProcessGroup),
              IsOkAndHolds(Reached::kSomebody));
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kExited, kChildToken), -1);
  EXPECT_THAT(kernel().Signal(*child, SIGKILL, Whom::kProcessGroup),
              IsOkAndHolds(Reached::kSomebody));
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kSignaled, SIGKILL}));
}

TEST_P(KernelContract, AGroupHoldsWhatAChildLeavesBehind) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kLeavesADetached, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  kernel().ExitOf(*child);
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kGroupEmpty, kGroupToken), -1);
  EXPECT_TRUE(kernel().Populated(*group));
  EXPECT_THAT(kernel().SignalGroup(*group, SIGKILL), IsOkAndHolds(Reached::kSomebody));
  EXPECT_TRUE(Await(Kind::kGroupEmpty, kGroupToken));
}

TEST_P(KernelContract, ADroppedChildTellsNobody) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kHangs, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExeced, kChildToken));
  *child = Child();
  EXPECT_THAT(kernel().SignalGroup(*group, SIGKILL), IsOkAndHolds(Reached::kSomebody));
  EXPECT_TRUE(Await(Kind::kGroupEmpty, kGroupToken));
  EXPECT_EQ(Place(Kind::kExited, kChildToken), -1);
}

TEST_P(KernelContract, ADroppedGroupTellsNobody) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(group, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kHangs, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExeced, kChildToken));
  *group = Group();
  EXPECT_THAT(kernel().Signal(*child, SIGKILL, Whom::kProcess), IsOkAndHolds(Reached::kSomebody));
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kGroupEmpty, kGroupToken), -1);
  kernel().ExitOf(*child);
}

TEST_P(KernelContract, OnlyAMemberOfTheGroupIsAdopted) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  auto other = kernel().NewGroup("b.service", kOtherToken);
  ASSERT_THAT(group, IsOk());
  ASSERT_THAT(other, IsOk());
  auto child = kernel().Spawn(SpecOf(Program::kHangs, *group, kChildToken));
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kExeced, kChildToken));
  const int pid = child->pid();
  EXPECT_THAT(kernel().Adopt(pid, *other, kPortToken), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(kernel().SignalGroup(*group, SIGKILL), IsOkAndHolds(Reached::kSomebody));
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  kernel().ExitOf(*child);
  EXPECT_THAT(kernel().Adopt(pid, *group, kPortToken), FailsWith(absl::StatusCode::kNotFound));
}

TEST_P(KernelContract, ANotificationIsAttributedToItsGroup) {
  ListenSpec spec = PathSpec(ListenType::kDatagram, "notify");
  spec.pass_credentials = true;
  auto port = kernel().Listen(spec);
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(group, IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kLevel), IsOk());
  SpawnSpec spawn = SpecOf(Program::kSaysReady, *group, kChildToken);
  spawn.environment.push_back("NOTIFY_SOCKET=" + std::get<PathAddress>(spec.address).path);
  auto child = kernel().Spawn(spawn);
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  auto packet = kernel().Receive(port->fd);
  ASSERT_THAT(packet, IsOk());
  EXPECT_EQ(packet->data, "READY=1");
  EXPECT_EQ(packet->peer.group, group->id());
  EXPECT_THAT(kernel().SignalGroup(*group, SIGKILL), IsOk());
  ASSERT_TRUE(Await(Kind::kGroupEmpty, kGroupToken));
  kernel().ExitOf(*child);
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, APassedPortIsSharedAndWhatTheChildTakesIsGone) {
  auto port = kernel().Listen(TcpSpec());
  auto group = kernel().NewGroup("a.service", kGroupToken);
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(group, IsOk());
  SpawnSpec spec = SpecOf(Program::kAcceptsOne, *group, kChildToken);
  spec.fds = {&port->fd};
  spec.environment.push_back("LISTEN_FDS=1");
  auto child = kernel().Spawn(spec);
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(world().Connect(port->bound));
  for (int i = 0; i < 50; ++i)
    Watch(kQuiet);
  ASSERT_THAT(kernel().Restore(*port, TcpSpec()), IsOk());
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit),
              FailsWith(absl::StatusCode::kUnavailable));
  ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kOnce), IsOk());
  EXPECT_TRUE(Await(Kind::kIo, kPortToken));
  kernel().Disarm(port->fd);
  EXPECT_THAT(kernel().SignalGroup(*group, SIGKILL), IsOk());
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  kernel().ExitOf(*child);
}

}  // namespace socketd::sim
