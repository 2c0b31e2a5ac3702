// The part of the contract that is about kinds of ports: what comes to them, and what is set on
// them.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/sim/kernel_contract.h"
#include "tests/testing/matchers.h"

namespace socketd::sim {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::FailsWith;
using ::socketd::testing::IsOk;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = Event::Kind;

namespace {

constexpr Token kPortToken{(1ULL << 32) | 3U};
constexpr Token kOtherToken{(1ULL << 32) | 4U};

// Long enough for a real kernel to tell what it has to tell.
constexpr absl::Duration kQuiet = absl::Milliseconds(100);

}  // namespace

TEST_P(KernelContract, AListenerInOrderIsRestoredAsItIs) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  EXPECT_EQ(*kernel().Restore(*port, TcpSpec()), PortFound::kSound);
  EXPECT_TRUE(world().Connect(port->bound));
}

TEST_P(KernelContract, AListenerWithoutItsNodeIsNamelessOnceNobodyWaits) {
  const ListenSpec spec = PathSpec(ListenType::kStream, "sock");
  const std::string path = std::get<PathAddress>(spec.address).path;
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kSound);
  ASSERT_TRUE(world().Connect(port->bound));
  ASSERT_THAT(kernel().Remove(path, port->node), IsOk());
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kSound);
  ASSERT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit), IsOk());
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kNameless);
  const auto other = kernel().Listen(spec);
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kNameless);
  EXPECT_EQ(*kernel().Restore(*other, spec), PortFound::kSound);
}

void KernelContract::ExpectTraffic(const ListenSpec& spec) {
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kPortToken, Arming::kOnce), IsOk());
  Watch(kQuiet);
  EXPECT_EQ(Place(Kind::kIo, kPortToken), -1);
  ASSERT_TRUE(world().Deliver(spec, "hello"));
  ASSERT_TRUE(Await(Kind::kIo, kPortToken));
  EXPECT_TRUE(seen().back().readable);
  EXPECT_FALSE(seen().back().hang_up);
  ASSERT_THAT(kernel().Restore(*port, spec), IsOk());
  ASSERT_THAT(kernel().Arm(port->fd, kOtherToken, Arming::kOnce), IsOk());
  ASSERT_TRUE(Await(Kind::kIo, kOtherToken));
  kernel().Flush(port->fd, spec);
  const size_t before = seen().size();
  ASSERT_THAT(kernel().Arm(port->fd, kOtherToken, Arming::kOnce), IsOk());
  Watch(kQuiet);
  EXPECT_EQ(seen().size(), before);
  kernel().Disarm(port->fd);
}

TEST_P(KernelContract, AFifoTellsOfBytes) {
  ExpectTraffic(PathSpec(ListenType::kFifo, "fifo"));
}

TEST_P(KernelContract, ADeviceTellsOfBytes) {
  ListenSpec spec;
  spec.type = ListenType::kSpecial;
  spec.address = PathAddress{world().MakeDevice()};
  ExpectTraffic(spec);
}

TEST_P(KernelContract, ANetlinkGroupTellsOfPackets) {
  ListenSpec spec;
  spec.type = ListenType::kNetlink;
  spec.address = NetlinkAddress{2, 1};  // for programs among themselves; netlink(7)
  ExpectTraffic(spec);
}

TEST_P(KernelContract, AMessageQueueTellsOfMessagesAndIsRemovedByNode) {
  ListenSpec spec;
  spec.type = ListenType::kMessageQueue;
  const std::string folder = world().Folder();
  const std::string name = "/socketd-" + folder.substr(folder.rfind('/') + 1);
  spec.address = QueueAddress{name};
  ExpectTraffic(spec);
  auto port = kernel().Listen(spec);  // the queue outlives its port
  ASSERT_THAT(port, IsOk());
  EXPECT_NE(port->node, 0U);
  EXPECT_THAT(kernel().RemoveQueue(name, port->node + 1), FailsBecause("NODE_CHANGED"));
  EXPECT_THAT(kernel().RemoveQueue(name, port->node), IsOk());
  EXPECT_THAT(kernel().RemoveQueue(name, port->node), FailsWith(absl::StatusCode::kNotFound));
}

TEST_P(KernelContract, AFileThatIsAlwaysReadyCannotBeWaitedFor) {
  const std::string path = world().Folder() + "/file";
  ASSERT_THAT(kernel().WriteFile(path, "text"), IsOk());
  ListenSpec spec;
  spec.type = ListenType::kSpecial;
  spec.address = PathAddress{path};
  EXPECT_THAT(kernel().Listen(spec), FailsBecause("CANNOT_WAIT"));
}

TEST_P(KernelContract, UsbFunctionsAreRefusedByName) {
  ListenSpec spec;
  spec.type = ListenType::kUsbFunction;
  spec.address = PathAddress{"/dev/ffs-socketd"};
  EXPECT_THAT(kernel().Listen(spec), FailsBecause("NOT_SUPPORTED"));
}

TEST_P(KernelContract, FlushLeavesNoConnectionAndNoDatagram) {
  auto port = kernel().Listen(TcpSpec());
  ASSERT_THAT(port, IsOk());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(world().Connect(port->bound));
  EXPECT_EQ(kernel().Flush(port->fd, TcpSpec()), 3U);
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit),
              FailsWith(absl::StatusCode::kUnavailable));
  const ListenSpec datagrams = PathSpec(ListenType::kDatagram, "d");
  auto other = kernel().Listen(datagrams);
  ASSERT_THAT(other, IsOk());
  ASSERT_TRUE(world().SendDatagram(std::get<PathAddress>(datagrams.address).path, "hello"));
  EXPECT_EQ(kernel().Flush(other->fd, datagrams), 1U);
  EXPECT_THAT(kernel().Receive(other->fd), FailsWith(absl::StatusCode::kUnavailable));
}

TEST_P(KernelContract, AnOptionThatCannotBeSetIsAWarning) {
  ListenSpec spec = TcpSpec();
  spec.options = {{SocketOption::kTcpCongestion, 0, "reno"}};
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  EXPECT_THAT(port->warnings, IsEmpty());
  spec.options = {{SocketOption::kTcpCongestion, 0, "nosuch"}};
  auto warned = kernel().Listen(spec);
  ASSERT_THAT(warned, IsOk());
  EXPECT_THAT(warned->warnings,
              ElementsAre("[Socket] TCPCongestion=: not obeyed for 127.0.0.1:0: ENOENT"));
}

TEST_P(KernelContract, WhoWaitsIsToldApartWithoutBeingTaken) {
  for (const ListenSpec& spec : {TcpSpec(), PathSpec(ListenType::kStream, "q")}) {
    auto port = kernel().Listen(spec);
    ASSERT_THAT(port, IsOk());
    EXPECT_THAT(kernel().Queued(port->fd, spec), IsEmpty());
    ASSERT_TRUE(world().Connect(port->bound));
    ASSERT_TRUE(world().Connect(port->bound));
    const std::vector<uint64_t> both = kernel().Queued(port->fd, spec);
    EXPECT_THAT(both, SizeIs(2));
    EXPECT_EQ(kernel().Queued(port->fd, spec), both) << ToText(spec.address);
    const auto accepted = kernel().Accept(port->fd, AcceptFor::kUnit);
    ASSERT_THAT(accepted, IsOk());
    const std::vector<uint64_t> one = kernel().Queued(port->fd, spec);
    ASSERT_THAT(one, SizeIs(1)) << ToText(spec.address);
    EXPECT_THAT(both, Contains(one[0]));
  }
}

TEST_P(KernelContract, TheFirstDatagramIsToldFromOneLikeIt) {
  const ListenSpec spec = PathSpec(ListenType::kDatagram, "d");
  const std::string& path = std::get<PathAddress>(spec.address).path;
  auto port = kernel().Listen(spec);
  ASSERT_THAT(port, IsOk());
  EXPECT_THAT(kernel().Queued(port->fd, spec), IsEmpty());
  ASSERT_TRUE(world().SendDatagram(path, "same"));
  const std::vector<uint64_t> first = kernel().Queued(port->fd, spec);
  EXPECT_THAT(first, SizeIs(1));
  ASSERT_TRUE(world().SendDatagram(path, "same"));
  EXPECT_EQ(kernel().Queued(port->fd, spec), first);
  ASSERT_THAT(kernel().Receive(port->fd), IsOk());
  const std::vector<uint64_t> second = kernel().Queued(port->fd, spec);
  EXPECT_THAT(second, SizeIs(1));
  EXPECT_NE(second, first);
}

TEST_P(KernelContract, APortThatIsReconfiguredKeepsItsQueue) {
  const ListenSpec from = PathSpec(ListenType::kStream, "s");
  auto port = kernel().Listen(from);
  ASSERT_THAT(port, IsOk());
  ASSERT_TRUE(world().Connect(from.address));
  ListenSpec to = from;
  to.mode = 0600;
  to.backlog = 1;
  to.options = {{SocketOption::kPassCredentials, 1, ""}};
  EXPECT_THAT(kernel().Reconfigure(*port, from, to), IsEmpty());
  ASSERT_TRUE(world().Connect(from.address));  // one more than the backlog says
  EXPECT_FALSE(world().Connect(from.address));
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit), IsOk());
  EXPECT_THAT(kernel().Accept(port->fd, AcceptFor::kUnit), IsOk());
  EXPECT_THAT(kernel().Reconfigure(*port, to, from), IsEmpty());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(world().Connect(from.address));
}

TEST_P(KernelContract, WhatReconfigureIsRefusedIsAWarning) {
  const ListenSpec from = TcpSpec();
  auto port = kernel().Listen(from);
  ASSERT_THAT(port, IsOk());
  ListenSpec to = from;
  to.options = {{SocketOption::kTcpCongestion, 0, "nosuch"}};
  EXPECT_THAT(kernel().Reconfigure(*port, from, to),
              ElementsAre("[Socket] TCPCongestion=: not obeyed for 127.0.0.1:0: ENOENT"));
  EXPECT_TRUE(world().Connect(port->bound));
}

}  // namespace socketd::sim
