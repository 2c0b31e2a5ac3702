#include "tests/sim/kernel_contract.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "tests/testing/matchers.h"

namespace socketd::sim {

using ::socketd::testing::FailsBecause;
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

bool KernelContract::Await(Kind kind, Token token, absl::Duration patience) {
  const Instant end = kernel().Now() + patience;
  while (true) {
    const size_t before = seen_.size();
    const auto events = kernel().Poll(end);
    seen_.insert(seen_.end(), events.begin(), events.end());
    const auto found = std::find_if(
        seen_.begin() + static_cast<std::ptrdiff_t>(before), seen_.end(),
        [&](const Event& event) { return event.kind == kind && event.token == token; });
    if (found != seen_.end()) return true;
    if (kernel().Now() >= end) return false;
  }
}

void KernelContract::Watch(absl::Duration span) {
  const Instant end = kernel().Now() + span;
  while (kernel().Now() < end) {
    const auto events = kernel().Poll(end);
    seen_.insert(seen_.end(), events.begin(), events.end());
  }
}

int KernelContract::Place(Kind kind, Token token) const {
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i].kind == kind && seen_[i].token == token) return static_cast<int>(i);
  }
  return -1;
}

SpawnSpec KernelContract::SpecOf(Program program, const Group& group, Token token) {
  SpawnSpec spec;
  spec.token = token;
  spec.group = &group;
  spec.context = std::make_shared<const ExecContext>();
  spec.argv = world_->Command(program);
  spec.program = spec.argv.front();
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

ListenSpec KernelContract::TcpSpec() const {
  ListenSpec spec;
  spec.address = Ipv4Address{{127, 0, 0, 1}, 0};
  return spec;
}

ListenSpec KernelContract::PathSpec(ListenType type, const std::string& name) {
  ListenSpec spec;
  spec.type = type;
  spec.address = PathAddress{world_->Folder() + "/" + name};
  return spec;
}

// ---- time and turns ----

TEST_P(KernelContract, TimeDoesNotRunBackwardsAndReachesTheDeadline) {
  const Instant before = kernel().Now();
  const Instant deadline = before + absl::Milliseconds(20);
  while (kernel().Now() < deadline)
    kernel().Poll(deadline);
  EXPECT_GE(kernel().Now(), deadline);
}

TEST_P(KernelContract, PollWithAPastDeadlineDoesNotWait) {
  const Instant before = kernel().Now();
  EXPECT_TRUE(kernel().Poll(Instant::Start()).empty());
  EXPECT_LT(kernel().Now() - before, absl::Seconds(1));
}

TEST_P(KernelContract, AWakeFromAnotherThreadEndsThePoll) {
  world().WakeFromAfar();
  EXPECT_TRUE(Await(Kind::kWoken, Token::kNone));
}

TEST_P(KernelContract, ASignalToTheDaemonIsAnEvent) {
  world().Raise(SIGHUP);
  ASSERT_TRUE(Await(Kind::kSignal, Token::kNone));
  EXPECT_EQ(seen().at(static_cast<size_t>(Place(Kind::kSignal, Token::kNone))).number, SIGHUP);
}

// ---- listening ----

TEST_P(KernelContract, PortZeroIsResolved) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  EXPECT_NE(PortText(port->bound), "0");
  EXPECT_EQ(HostText(port->bound), "127.0.0.1");
}

TEST_P(KernelContract, ATakenAddressIsPortInUse) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ListenSpec same = TcpSpec();
  same.address = port->bound;
  EXPECT_THAT(kernel().Listen(same), FailsBecause("PORT_IN_USE"));
}

TEST_P(KernelContract, AnAddressIsFreeAgainAfterClose) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ListenSpec same = TcpSpec();
  same.address = port->bound;
  port->fd = Fd();
  EXPECT_THAT(kernel().Listen(same), IsOk());
}

TEST_P(KernelContract, APathThatIsNoSocketIsNotTouched) {
  const ListenSpec spec = PathSpec(ListenType::kStream, "file");
  const std::string path = std::get<PathAddress>(spec.address).path;
  ASSERT_THAT(kernel().WriteFile(path, "precious"), IsOk());
  EXPECT_THAT(kernel().Listen(spec), FailsBecause("NOT_A_SOCKET"));
  EXPECT_THAT(kernel().ReadFile(path, 100), IsOkAndHolds("precious"));
}

TEST_P(KernelContract, APathSomebodyAnswersOnIsInUse) {
  const ListenSpec spec = PathSpec(ListenType::kStream, "live");
  auto first = kernel().Listen(spec);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(kernel().Listen(spec), FailsBecause("PORT_IN_USE"));
  EXPECT_TRUE(world().Connect(spec.address));
}

TEST_P(KernelContract, ADeadSocketNodeIsReplaced) {
  const ListenSpec spec = PathSpec(ListenType::kStream, "dead");
  auto first = kernel().Listen(spec);
  ASSERT_THAT(first, IsOk());
  EXPECT_NE(first->node, 0U);
  first->fd = Fd();
  auto second = kernel().Listen(spec);
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(world().Connect(spec.address));
}

TEST_P(KernelContract, NothingIsReportedUntilArmed) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ASSERT_TRUE(world().Connect(port->bound));
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kIo, kPortToken), -1);
}

TEST_P(KernelContract, OnceArmedTellsOnceAndAgainWhenArmedAgain) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kOnce), IsOk());
  ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  EXPECT_TRUE(seen().back().readable);
  const size_t before = seen().size();
  Watch(kQuiet);
  EXPECT_EQ(seen().size(), before);
  // The connection still waits: arming again reports it without a new one.
  ASSERT_THAT(kernel().Arm(port->fd, kOtherToken, Arming::kOnce), IsOk());
  EXPECT_TRUE(Await(Kind::kIo, kOtherToken));
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, DisarmedIsSilent) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kOnce), IsOk());
  kernel().Disarm(port->fd);
  ASSERT_TRUE(world().Connect(port->bound));
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kIo, kPortToken), -1);
}

TEST_P(KernelContract, LevelArmedTellsUntilTakenOff) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kLevel), IsOk());
  ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  ASSERT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit), IsOk());
  const size_t before = seen().size();
  Watch(kQuiet);
  EXPECT_EQ(seen().size(), before);
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, AcceptPopsAndThenSaysThatNoneIsWaiting) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit),
              FailsWith(absl::StatusCode::kUnavailable));
  ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kOnce), IsOk());
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  auto connection = kernel().Accept(port->fd, AcceptFor::kUnit);
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(ToText(connection->local), ToText(port->bound));
  EXPECT_EQ(HostText(connection->remote), "127.0.0.1");
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit),
              FailsWith(absl::StatusCode::kUnavailable));
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, OneEventStandsForAllThatWait) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kLevel), IsOk());
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit), IsOk());
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit),
              FailsWith(absl::StatusCode::kUnavailable));
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, ADatagramTellsItsSenderWhereThatIsAsked) {
  ListenSpec spec = PathSpec(ListenType::kDatagram, "notify");
  spec.pass_credentials = true;
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  EXPECT_THAT(kernel().Receive(port->fd), FailsWith(absl::StatusCode::kUnavailable));
  const std::string path = std::get<PathAddress>(spec.address).path;
  ASSERT_TRUE(world().SendDatagram(path, "hello"));
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kLevel), IsOk());
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  auto packet = kernel().Receive(port->fd);
  ASSERT_THAT(packet, IsOk());
  EXPECT_EQ(packet->data, "hello");
  EXPECT_FALSE(packet->truncated);
  EXPECT_GT(packet->peer.pid, 0);
  kernel().Disarm(port->fd);
}

// ---- pipes ----

TEST_P(KernelContract, APipeGivesBytesAndThenItsEnd) {
  auto group = kernel().NewGroup("a.service", kGroupToken);
  auto pipe = kernel().Pipe();
  ASSERT_THAT(group, IsOk());
  ASSERT_THAT(pipe, IsOk());
  EXPECT_THAT(kernel().Read(pipe->read, 10), FailsWith(absl::StatusCode::kUnavailable));
  SpawnSpec spec = SpecOf(Program::kWritesHello, *group, kChildToken);
  auto context = std::make_shared<ExecContext>();
  context->standard_output.kind = Stdio::Kind::kLog;
  spec.context = context;
  spec.log = &pipe->write;
  auto child = kernel().Spawn(spec);
  ASSERT_THAT(child, IsOk());
  pipe->write = Fd();
  ASSERT_TRUE(Await(Kind::kExited, kChildToken));
  kernel().ExitOf(*child);
  EXPECT_THAT(kernel().Read(pipe->read, 3), IsOkAndHolds("hel"));
  EXPECT_THAT(kernel().Read(pipe->read, 100), IsOkAndHolds("lo\n"));
  EXPECT_THAT(kernel().Read(pipe->read, 100), IsOkAndHolds(""));
}

}  // namespace socketd::sim
