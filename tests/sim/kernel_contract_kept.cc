// What strangers send, to stay.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/kernel_contract.h"
#include "tests/testing/matchers.h"

namespace socketd::sim {
namespace {

using testing::FailsBecause;
using testing::IsOk;

constexpr Token kToken = static_cast<Token>(7);

// A socket, and on it a packet with a file in memory and the end of a pipe.
Port Delivered(KernelWorld& world, const ListenSpec& spec) {
  absl::StatusOr<Port> port = world.kernel().Listen(spec);
  EXPECT_THAT(port, IsOk());
  if (!port.ok()) return Port();
  EXPECT_TRUE(world.SendDescriptors(std::get<PathAddress>(spec.address).path));
  return *std::move(port);
}

std::vector<Fd> FdsOf(absl::StatusOr<Packet> packet) {
  EXPECT_THAT(packet, IsOk());
  return packet.ok() ? std::move(packet->fds) : std::vector<Fd>();
}

TEST_P(KernelContract, WhatItIsAndHowItIsFoundAgainIsTold) {
  const Port port = Delivered(world(), PathSpec(ListenType::kDatagram, "kept"));
  const std::vector<Fd> fds = FdsOf(kernel().Receive(port.fd));
  ASSERT_EQ(fds.size(), 2U);
  const absl::StatusOr<Kept> memory = kernel().Keep(fds[0]);
  const absl::StatusOr<Kept> pipe = kernel().Keep(fds[1]);
  ASSERT_THAT(memory, IsOk());
  ASSERT_THAT(pipe, IsOk());
  EXPECT_EQ(memory->kind, FileKind::kMemory);
  EXPECT_EQ(pipe->kind, FileKind::kPipe);
  EXPECT_NE(memory->id, KeptId::kNone);
  EXPECT_NE(memory->id, pipe->id);
  EXPECT_EQ(kernel().Keep(fds[0])->id, memory->id);
}

TEST_P(KernelContract, ADuplicateIsToldFromWhatIsOnlyAlike) {
  const Port port = Delivered(world(), PathSpec(ListenType::kDatagram, "kept"));
  const std::vector<Fd> seen = FdsOf(kernel().Peek(port.fd));
  const std::vector<Fd> taken = FdsOf(kernel().Receive(port.fd));
  ASSERT_EQ(seen.size(), 2U);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(kernel().Compare(seen[0], taken[0]), 0);
  EXPECT_EQ(kernel().Compare(seen[1], taken[1]), 0);
  EXPECT_NE(kernel().Compare(seen[0], seen[1]), 0);
  EXPECT_EQ(kernel().Compare(seen[0], taken[1]) < 0, kernel().Compare(taken[1], seen[0]) > 0);
  EXPECT_NE(kernel().Keep(seen[0])->id, kernel().Keep(taken[0])->id);
}

TEST_P(KernelContract, APacketThatWasLookedAtCanBeDropped) {
  const Port port = Delivered(world(), PathSpec(ListenType::kDatagram, "kept"));
  const std::vector<Fd> seen = FdsOf(kernel().Peek(port.fd));
  EXPECT_THAT(kernel().DropPacket(port.fd), IsOk());
  EXPECT_FALSE(kernel().Peek(port.fd).ok());
  EXPECT_FALSE(kernel().DropPacket(port.fd).ok());
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_THAT(kernel().Keep(seen[1]), IsOk());
}

TEST_P(KernelContract, OnlyAnEndIsToldWhereThatIsAsked) {
  const Port port = Delivered(world(), PathSpec(ListenType::kDatagram, "kept"));
  const std::vector<Fd> fds = FdsOf(kernel().Receive(port.fd));
  ASSERT_EQ(fds.size(), 2U);
  EXPECT_THAT(kernel().Arm(fds[0], kToken, Arming::kHangUp), FailsBecause("CANNOT_WAIT"));
  ASSERT_THAT(kernel().Arm(fds[1], kToken, Arming::kHangUp), IsOk());
  Watch(absl::Milliseconds(50));
  EXPECT_EQ(Place(Event::Kind::kIo, kToken), -1);
  world().LeaveAll();
  ASSERT_TRUE(Await(Event::Kind::kIo, kToken));
  EXPECT_TRUE(seen().at(static_cast<size_t>(Place(Event::Kind::kIo, kToken))).hang_up);
  kernel().Disarm(fds[1]);
}

}  // namespace
}  // namespace socketd::sim
