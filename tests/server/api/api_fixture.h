// The whole gRPC wing over a fake engine, with clients on socket pairs: no name, no port.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel_posix.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.grpc.pb.h"
#include "server/api/api_server.h"
#include "tests/server/api/fake_engine.h"

namespace socketd::testing {

class Closer final : public FdOwner {
 public:
  void Close(int number) override { ::close(number); }
};

// "REASON" of a failed call; "" if it has none.
inline std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

class ApiFixture : public ::testing::Test {
 protected:
  static constexpr uint32_t kDaemonUid = 1000;

  ApiFixture() {
    auto about = std::make_shared<v1::GetServerResponse>();
    about->set_version("0.1.0");
    about->set_pid(17);
    server_ = *ApiServer::Start(engine_, {kDaemonUid, about});
  }

  std::shared_ptr<grpc::Channel> Connect(const Caller& caller) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    adopted_ = server_->Adopt(Fd(closer_, ends[0]), caller);
    return grpc::CreateInsecureChannelFromFd("socketd", ends[1]);
  }
  std::unique_ptr<v1::UnitService::Stub> Client(uint32_t uid) {
    return v1::UnitService::NewStub(Connect({.uid = uid}));
  }

  Closer closer_;
  FakeEngine engine_;
  absl::Status adopted_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace socketd::testing
