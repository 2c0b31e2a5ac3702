#include "server/handoff/notify_socket.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/fake_kernel.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kPath[] = "/run/notify";

class NotifySocketTest : public ::testing::Test {
 protected:
  NotifySocketTest() {
    socket_ = std::make_unique<NotifySocket>(loop_, [this](Packet& packet) {
      heard_.push_back(packet.data);
      if (takes_ && !packet.fds.empty()) taken_ = std::move(packet.fds.front());
    });
    EXPECT_TRUE(socket_->Open(kPath).ok());
  }
  ~NotifySocketTest() override {
    socket_.reset();
    taken_ = Fd();
    EXPECT_THAT(kernel_.problems(), IsEmpty());
    EXPECT_THAT(kernel_.Leaks(), IsEmpty());
  }
  void Send(const std::string& data, const Peer& peer = {.pid = 7, .uid = 1000}) {
    EXPECT_TRUE(kernel_.ports().SendTo(kPath, data, peer).ok());
  }
  void Turn() { loop_.Turn(Instant::Start()); }

  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  std::vector<std::string> heard_;
  bool takes_ = false;
  Fd taken_;
  std::unique_ptr<NotifySocket> socket_;
};

TEST_F(NotifySocketTest, PacketsComeInOrder) {
  Send("READY=1");
  Send("STATUS=a");
  Send("STOPPING=1");
  Turn();
  EXPECT_THAT(heard_, ElementsAre("READY=1", "STATUS=a", "STOPPING=1"));
}

TEST_F(NotifySocketTest, DescriptorsThatNobodyTakesAreClosed) {
  const auto sent = std::make_shared<sim::FakeFile>();
  const auto send = [&] {
    return kernel_.ports().SendTo(kPath, "FDSTORE=1", {.pid = 7, .uid = 1000}, {sent, sent}).ok();
  };
  ASSERT_TRUE(send());
  Turn();
  EXPECT_EQ(sent.use_count(), 1);
  takes_ = true;
  ASSERT_TRUE(send());
  Turn();
  EXPECT_TRUE(taken_);
  EXPECT_EQ(sent.use_count(), 2);
}

TEST_F(NotifySocketTest, AServiceOfTheUserNobodyIsHeard) {
  Send("READY=1", {.pid = 7, .uid = 65534});
  Turn();
  EXPECT_THAT(heard_, ElementsAre("READY=1"));
}

TEST_F(NotifySocketTest, WhoCannotBeToldIsNotHeard) {
  Send("READY=1", {.pid = 0, .uid = 1000});
  Turn();
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_EQ(socket_->dropped(), 1U);
}

TEST_F(NotifySocketTest, WhatWasCutOffIsNotBelieved) {
  const auto file = kernel_.ports().Find(kPath);
  ASSERT_NE(file, nullptr);
  Send("READY=1");
  file->packets.back().truncated = true;
  Turn();
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_EQ(socket_->dropped(), 1U);
}

TEST_F(NotifySocketTest, AFloodLeavesTheTurnToOthers) {
  const auto file = kernel_.ports().Find(kPath);
  ASSERT_NE(file, nullptr);
  Send("A=1");
  const sim::FakePacket packet = file->packets.front();
  file->packets.assign(100, packet);
  Turn();
  EXPECT_THAT(heard_, SizeIs(64));
  Turn();
  EXPECT_THAT(heard_, SizeIs(100));
}

TEST_F(NotifySocketTest, DescriptorsThatCameAlongAreClosed) {
  const auto file = kernel_.ports().Find(kPath);
  ASSERT_NE(file, nullptr);
  const auto barrier = std::make_shared<sim::FakeFile>();
  Send("BARRIER=1");
  file->packets.back().files.push_back(barrier);
  Turn();
  EXPECT_THAT(heard_, ElementsAre("BARRIER=1"));
  EXPECT_EQ(barrier.use_count(), 1);
}

TEST_F(NotifySocketTest, TheNameIsGoneAfterwards) {
  socket_.reset();
  EXPECT_EQ(kernel_.ports().Find(kPath), nullptr);
  EXPECT_TRUE(absl::IsNotFound(kernel_.Remove(kPath, 0)));
}

}  // namespace
}  // namespace socketd
