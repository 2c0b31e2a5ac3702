#include "server/api/api_server.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "tests/server/api/api_fixture.h"

#include "grpc/health/v1/health.grpc.pb.h"

namespace socketd {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class ApiServerTest : public socketd::testing::ApiFixture {
 protected:
  grpc::Status GetServer(uint32_t uid) {
    const std::unique_ptr<v1::UnitService::Stub> client = Client(uid);
    grpc::ClientContext context;
    v1::GetServerResponse response;
    return client->GetServer(&context, v1::GetServerRequest(), &response);
  }
  HealthCheckResponse::ServingStatus Health(uint32_t uid) {
    const std::unique_ptr<Health::Stub> client = Health::NewStub(Connect({.uid = uid}));
    grpc::ClientContext context;
    HealthCheckResponse response;
    health_ = client->Check(&context, HealthCheckRequest(), &response);
    return response.status();
  }

  grpc::Status health_;
};

TEST_F(ApiServerTest, RootAndTheDaemonsUserMayCall) {
  EXPECT_TRUE(GetServer(0).ok());
  EXPECT_TRUE(GetServer(kDaemonUid).ok());
  const grpc::Status refused = GetServer(4242);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  // gRPC sends no details with what is refused before the handler.
  EXPECT_NE(refused.error_message().find("uid 4242"), std::string::npos);
}

TEST_F(ApiServerTest, NobodyIsNotEvenLetIn) {
  EXPECT_EQ(GetServer(kNobodyUid).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(adopted_), "CALLER_UNKNOWN");
}

TEST_F(ApiServerTest, StrangersCannotTakeTheOperatorsPlaces) {
  for (uint32_t uid = 2000; uid < 2062; ++uid)
    Connect({.uid = uid});
  EXPECT_TRUE(adopted_.ok());
  Connect({.uid = 3000});
  EXPECT_EQ(ReasonOf(adopted_), "TOO_MANY_USERS");
  EXPECT_TRUE(GetServer(0).ok());
  EXPECT_TRUE(GetServer(kDaemonUid).ok());
}

TEST_F(ApiServerTest, HealthSaysWhenItStops) {
  EXPECT_EQ(Health(4242), HealthCheckResponse::SERVING);
  server_->SayStopping();
  // The outbox does it, and takes connections after it.
  EXPECT_EQ(Health(0), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(GetServer(0).ok());
}

TEST_F(ApiServerTest, AStopCutsOffWhatDoesNotEnd) {
  engine_.hold = true;
  const std::unique_ptr<v1::UnitService::Stub> client = Client(0);
  grpc::ClientContext context;
  v1::LoadUnitsResponse response;
  grpc::CompletionQueue queue;
  const auto call = client->AsyncLoadUnits(&context, v1::LoadUnitsRequest(), &queue);
  grpc::Status status;
  call->Finish(&response, &status, &queue);
  while (engine_.Asked().empty())
    std::this_thread::yield();
  server_->Stop(absl::ZeroDuration());
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_FALSE(status.ok());
  // The engine's answer finds nobody, and nothing falls over, not even without the server.
  server_.reset();
  engine_.Release();
}

}  // namespace
}  // namespace socketd
