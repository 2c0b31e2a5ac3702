// The calls about the daemon itself, over an upgrader that does what the test says.
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "server/api/upgrader.h"
#include "server/base/errors.h"
#include "tests/server/api/api_fixture.h"

namespace socketd::testing {
namespace {

class FakeUpgrader final : public Upgrader {
 public:
  void Check(UpgradeRequest request, Answer<UpgradeReport> answer) override {
    asked.set_value({std::move(request), std::move(answer)});
  }
  void Go() override { gone.set_value(); }
  void AwaitLife(int after, Answer<int> answer) override {
    if (after < life) answer(life);
  }
  void Describe(v1::GetServerResponse& about) override {
    about.mutable_upgrade()->set_to_version("0.2.0");
  }

  struct Question {
    UpgradeRequest request;
    Answer<UpgradeReport> answer;
  };
  std::promise<Question> asked;
  std::promise<void> gone;
  int life = 2;
};

class ServerCallsTest : public ApiFixture {
 protected:
  void Serve(Upgrader* upgrader) {
    auto about = std::make_shared<v1::GetServerResponse>();
    about->set_version("0.1.0");
    client_.reset();
    server_ = *ApiServer::Start(engine_, {kDaemonUid, about, upgrader});
    client_ = Client(kDaemonUid);
  }
  // In a thread of its own, as it waits.
  std::future<grpc::Status> Upgrade(const std::string& program) {
    return std::async(std::launch::async, [this, program] {
      v1::UpgradeServerRequest request;
      request.set_program(program);
      return client_->UpgradeServer(&context_, request, &response_);
    });
  }
  bool HasGone(std::chrono::seconds patience) {
    return gone_.wait_for(patience) == std::future_status::ready;
  }

  FakeUpgrader upgrader_;
  std::future<void> gone_ = upgrader_.gone.get_future();
  std::unique_ptr<v1::UnitService::Stub> client_;
  grpc::ClientContext context_;
  v1::UpgradeServerResponse response_;
};

constexpr std::chrono::seconds kPatience(20);

TEST_F(ServerCallsTest, WithoutAKeeperThereAreNoUpgrades) {
  Serve(nullptr);
  EXPECT_EQ(ReasonOf(Upgrade("").get()), "NO_KEEPER");
  grpc::ClientContext context;
  v1::GetServerRequest request;
  v1::GetServerResponse response;
  request.set_after_life(1);
  EXPECT_EQ(ReasonOf(client_->GetServer(&context, request, &response)), "NO_KEEPER");
}

TEST_F(ServerCallsTest, ItGoesWhenTheAnswerIsOut) {
  Serve(&upgrader_);
  std::future<grpc::Status> call = Upgrade("/usr/bin/socketd");
  FakeUpgrader::Question question = upgrader_.asked.get_future().get();
  EXPECT_EQ(question.request.program, "/usr/bin/socketd");
  EXPECT_EQ(question.request.limit, absl::Seconds(10));
  EXPECT_EQ(question.request.requester, absl::StrCat("uid ", kDaemonUid));
  EXPECT_FALSE(HasGone(std::chrono::seconds(0)));
  question.answer(UpgradeReport{"/usr/bin/socketd", "0.2.0", 7});
  ASSERT_TRUE(call.get().ok());
  EXPECT_EQ(response_.version(), "0.2.0");
  EXPECT_EQ(response_.life(), 7);
  EXPECT_TRUE(HasGone(kPatience));
}

TEST_F(ServerCallsTest, ARefusalIsTheEndOfIt) {
  Serve(&upgrader_);
  std::future<grpc::Status> call = Upgrade("");
  FakeUpgrader::Question question = upgrader_.asked.get_future().get();
  question.answer(Error(absl::StatusCode::kFailedPrecondition, "PROGRAM_UNFIT", "it crashes"));
  EXPECT_EQ(ReasonOf(call.get()), "PROGRAM_UNFIT");
  // All that was to be done is done when the server has ended.
  server_->Stop(absl::Seconds(20));
  EXPECT_FALSE(HasGone(std::chrono::seconds(0)));
}

TEST_F(ServerCallsTest, WhoHasLeftDoesNotStopIt) {
  Serve(&upgrader_);
  std::future<grpc::Status> call = Upgrade("");
  FakeUpgrader::Question question = upgrader_.asked.get_future().get();
  context_.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  question.answer(UpgradeReport{"/usr/bin/socketd", "0.2.0", 7});
  EXPECT_TRUE(HasGone(kPatience));
}

TEST_F(ServerCallsTest, WhatMakesNoSenseIsRefused) {
  Serve(&upgrader_);
  v1::UpgradeServerResponse response;
  for (const std::string& program : {std::string("bin/socketd"), std::string("/a\0b", 4),
                                     absl::StrCat("/", std::string(5000, 'x'))}) {
    grpc::ClientContext context;
    v1::UpgradeServerRequest request;
    request.set_program(program);
    EXPECT_EQ(ReasonOf(client_->UpgradeServer(&context, request, &response)), "BAD_PROGRAM");
  }
  for (const int seconds : {-1, 0, 601}) {
    grpc::ClientContext context;
    v1::UpgradeServerRequest request;
    request.mutable_limit()->set_seconds(seconds);
    EXPECT_EQ(ReasonOf(client_->UpgradeServer(&context, request, &response)), "BAD_LIMIT");
  }
}

TEST_F(ServerCallsTest, ALaterLifeIsAwaited) {
  Serve(&upgrader_);
  v1::GetServerRequest request;
  v1::GetServerResponse response;
  request.set_after_life(1);
  grpc::ClientContext context;
  ASSERT_TRUE(client_->GetServer(&context, request, &response).ok());
  EXPECT_EQ(response.version(), "0.1.0");
  EXPECT_EQ(response.upgrade().to_version(), "0.2.0");
  request.set_after_life(2);
  grpc::ClientContext second;
  second.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(client_->GetServer(&second, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace socketd::testing
