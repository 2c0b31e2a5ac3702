#include "server/handoff/acceptor.h"

#include <cerrno>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/fake_kernel.h"

namespace socketd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kPath[] = "/run/x";

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest()
      : acceptor_(std::make_unique<Acceptor>(
            loop_, [this](Connection connection) { taken_.push_back(std::move(connection)); })) {
    ListenSpec spec;
    spec.address = PathAddress{kPath};
    EXPECT_TRUE(acceptor_->Listen(spec).ok());
    EXPECT_TRUE(acceptor_->Begin().ok());
  }
  ~AcceptorTest() override {
    taken_.clear();
    acceptor_.reset();
    EXPECT_THAT(kernel_.problems(), IsEmpty());
    EXPECT_THAT(kernel_.Leaks(), IsEmpty());
  }

  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  std::vector<Connection> taken_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, ConnectionsComeWithTheirPeer) {
  ASSERT_TRUE(kernel_.ports().Connect(kPath, Peer{.pid = 7, .uid = 1000}).ok());
  loop_.Turn(Instant::Start());
  ASSERT_THAT(taken_, SizeIs(1));
  EXPECT_EQ(taken_[0].peer.uid, 1000U);
}

TEST_F(AcceptorTest, ACrowdIsTakenInPortions) {
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(kernel_.ports().Connect(kPath).ok());
  loop_.Turn(Instant::Start());
  EXPECT_THAT(taken_, SizeIs(16));
  loop_.Turn(Instant::Start());
  EXPECT_THAT(taken_, SizeIs(20));
}

TEST_F(AcceptorTest, WithoutDescriptorsItRestsAndNobodyIsLost) {
  kernel_.faults().FailNext(sim::Call::kAccept, EMFILE, 2);
  ASSERT_TRUE(kernel_.ports().Connect(kPath).ok());
  loop_.Turn(Instant::Start());
  EXPECT_THAT(taken_, IsEmpty());
  // Nothing wakes the loop before the rest is over: it does not turn in circles.
  const Instant before = kernel_.Now();
  loop_.Turn();
  EXPECT_EQ(kernel_.Now() - before, absl::Milliseconds(100));
  for (int i = 0; i < 4 && taken_.empty(); ++i)
    loop_.Turn();
  EXPECT_THAT(taken_, SizeIs(1));
}

TEST_F(AcceptorTest, TheNameIsGoneAfterwards) {
  acceptor_.reset();
  EXPECT_TRUE(absl::IsNotFound(kernel_.Remove(kPath, 0)));
}

}  // namespace
}  // namespace socketd
