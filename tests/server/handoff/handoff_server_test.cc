#include "server/handoff/handoff_server.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/handoff.pb.h"
#include "server/base/errors.h"
#include "tests/sim/fake_kernel.h"

namespace socketd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kPath[] = "/run/handoff";
constexpr uint32_t kDaemonUid = 900;
constexpr uint32_t kPortUser = 1000;

class FakeLender final : public PortLender {
 public:
  std::optional<uint32_t> PortUser(const std::string& unit) const override {
    if (unit != "web.socket") return std::nullopt;
    return kPortUser;
  }
  absl::StatusOr<LentPorts> LendPorts(const std::string& unit) override {
    if (unit != "web.socket") return Error(absl::StatusCode::kNotFound, "UNIT_NOT_FOUND", "");
    LentPorts ports;
    for (size_t i = 0; i < count; ++i)
      ports.fds.push_back(&port.fd);
    ports.names.assign(count, "web");
    return ports;
  }
  Port port;
  size_t count = 1;
};

class HandoffServerTest : public ::testing::Test {
 protected:
  HandoffServerTest() {
    ListenSpec spec;
    spec.address = Ipv4Address{{127, 0, 0, 1}, 80};
    lender_.port = *kernel_.Listen(spec);
    server_ = std::make_unique<HandoffServer>(loop_, lender_, kDaemonUid);
    EXPECT_TRUE(server_->Open(kPath).ok());
  }
  ~HandoffServerTest() override {
    server_.reset();
    lender_.port = Port();
    EXPECT_THAT(kernel_.problems(), IsEmpty());
    EXPECT_THAT(kernel_.Leaks(), IsEmpty());
    EXPECT_EQ(loop_.timers().armed(), 0U);
  }
  sim::Client Connect(uint32_t uid) {
    return *kernel_.ports().Connect(kPath, Peer{.pid = 7, .uid = uid});
  }
  static void Ask(const sim::Client& client, const std::string& unit) {
    v1::HandoffRequest request;
    request.set_unit(unit);
    sim::FakePorts::Say(client, request.SerializeAsString());
  }
  // Accepts, then reads.
  void Turn() {
    loop_.Turn(Instant::Start());
    loop_.Turn(Instant::Start());
  }
  static v1::HandoffReply ReplyOf(const sim::Client& client, size_t index = 0) {
    v1::HandoffReply reply;
    EXPECT_GT(client->answers.size(), index);
    const bool parsed =
        client->answers.size() > index && reply.ParseFromString(client->answers[index].data);
    EXPECT_TRUE(parsed);
    return reply;
  }
  std::string ReasonFor(uint32_t uid, const std::string& unit) {
    const sim::Client client = Connect(uid);
    Ask(client, unit);
    Turn();
    const std::string reason = ReplyOf(client).error_reason();
    sim::FakePorts::HangUp(client);
    Turn();
    return reason;
  }

  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  FakeLender lender_;
  std::unique_ptr<HandoffServer> server_;
};

TEST_F(HandoffServerTest, DescriptorsComeWithTheirNames) {
  lender_.count = 2;
  const sim::Client client = Connect(kPortUser);
  Ask(client, "web.socket");
  Turn();
  const v1::HandoffReply reply = ReplyOf(client);
  EXPECT_EQ(reply.error_reason(), "");
  EXPECT_EQ(reply.packets(), 1U);
  EXPECT_THAT(reply.names(), ::testing::ElementsAre("web", "web"));
  EXPECT_THAT(client->answers.front().files, SizeIs(2));
  EXPECT_EQ(client->answers.front().files[0], kernel_.ports().Find("127.0.0.1:80"));
}

TEST_F(HandoffServerTest, ManyDescriptorsComeInSeveralPackets) {
  lender_.count = 600;
  const sim::Client client = Connect(0);
  Ask(client, "web.socket");
  Turn();
  ASSERT_THAT(client->answers, SizeIs(3));
  EXPECT_THAT(client->answers[0].files, SizeIs(253));
  EXPECT_THAT(client->answers[2].files, SizeIs(94));
  EXPECT_EQ(ReplyOf(client, 2).index(), 2U);
  EXPECT_EQ(ReplyOf(client, 2).packets(), 3U);
  EXPECT_THAT(ReplyOf(client, 2).names(), SizeIs(94));
}

TEST_F(HandoffServerTest, OnlyThreeUsersMayHaveThem) {
  EXPECT_EQ(ReasonFor(0, "web.socket"), "");
  EXPECT_EQ(ReasonFor(kDaemonUid, "web.socket"), "");
  EXPECT_EQ(ReasonFor(kPortUser, "web.socket"), "");
  EXPECT_EQ(ReasonFor(4242, "web.socket"), "HANDOFF_DENIED");
}

TEST_F(HandoffServerTest, AStrangerLearnsNothingAboutUnits) {
  EXPECT_EQ(ReasonFor(4242, "no.socket"), "HANDOFF_DENIED");
  EXPECT_EQ(ReasonFor(0, "no.socket"), "UNIT_NOT_FOUND");
}

TEST_F(HandoffServerTest, NobodyIsCutOffAtOnce) {
  const sim::Client client = Connect(65534);
  Ask(client, "web.socket");
  Turn();
  EXPECT_THAT(client->answers, IsEmpty());
  EXPECT_TRUE(client->server_left);
}

TEST_F(HandoffServerTest, NonsenseIsAnswered) {
  EXPECT_EQ(ReasonFor(0, "../etc/passwd"), "BAD_UNIT_NAME");
  const sim::Client client = Connect(0);
  sim::FakePorts::Say(client, "\xff\xff\xff");
  Turn();
  EXPECT_EQ(ReplyOf(client).error_reason(), "BAD_REQUEST");
  const sim::Client big = Connect(0);
  sim::FakePorts::Say(big, std::string(4097, 'x'));
  Turn();
  EXPECT_EQ(ReplyOf(big).error_reason(), "BAD_REQUEST");
  const sim::Client cut = Connect(0);
  Ask(cut, "web.socket");
  cut->packets.back().truncated = true;
  Turn();
  EXPECT_EQ(ReplyOf(cut).error_reason(), "BAD_REQUEST");
}

TEST_F(HandoffServerTest, AConnectionIsGoodForOneRequest) {
  const sim::Client client = Connect(0);
  Ask(client, "web.socket");
  Turn();
  EXPECT_FALSE(client->server_left);
  Ask(client, "web.socket");
  Turn();
  EXPECT_THAT(client->answers, SizeIs(1));
  EXPECT_TRUE(client->server_left);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(HandoffServerTest, PatienceEnds) {
  const sim::Client silent = Connect(0);
  Turn();
  EXPECT_EQ(server_->connections(), 1U);
  const Instant before = kernel_.Now();
  loop_.Turn();
  EXPECT_EQ(kernel_.Now() - before, HandoffServer::kPatience);
  EXPECT_TRUE(silent->server_left);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(HandoffServerTest, OneUserCannotTakeAllPlaces) {
  std::vector<sim::Client> clients;
  for (int i = 0; i < 9; ++i)
    clients.push_back(Connect(kPortUser));
  Turn();
  EXPECT_EQ(server_->connections(), HandoffServer::kConnectionsPerUidLimit);
  EXPECT_TRUE(clients.back()->server_left);
}

TEST_F(HandoffServerTest, ManyUsersCannotTakeRootsPlaces) {
  std::vector<sim::Client> clients;
  for (uint32_t i = 0; i < 100; ++i)
    clients.push_back(Connect(2000 + i));
  for (int i = 0; i < 10; ++i)
    Turn();
  EXPECT_EQ(server_->connections(),
            HandoffServer::kConnectionsLimit - HandoffServer::kReservedConnections);
  EXPECT_EQ(ReasonFor(0, "web.socket"), "");
}

TEST_F(HandoffServerTest, PushedDescriptorsAreClosed) {
  const sim::Client client = Connect(0);
  const auto pushed = std::make_shared<sim::FakeFile>();
  Ask(client, "web.socket");
  client->packets.back().files.push_back(pushed);
  Turn();
  EXPECT_EQ(pushed.use_count(), 1);
}

TEST_F(HandoffServerTest, AClientThatLeavesIsForgotten) {
  const sim::Client client = Connect(0);
  Turn();
  sim::FakePorts::HangUp(client);
  Turn();
  EXPECT_EQ(server_->connections(), 0U);
}

}  // namespace
}  // namespace socketd
