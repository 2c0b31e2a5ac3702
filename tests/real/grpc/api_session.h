// A real daemon with a socket and its service, and a stub to call it with.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.grpc.pb.h"
#include "tests/real/testing/daemon_process.h"
#include "tests/real/testing/place.h"

namespace socketd::real {

class ApiSession : public ::testing::Test {
 protected:
  explicit ApiSession(std::vector<std::string> listen = {}) {
    place_.WriteUnit("echo.socket", "[Unit]\nDescription=echo\n[Socket]\nListenStream=" +
                                        EchoPath() + "\nAccept=yes\n");
    place_.WriteUnit("echo@.service", "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n");
    DaemonOptions options;
    options.listen = std::move(listen);
    const absl::Status started = daemon_.Start(options);
    EXPECT_TRUE(started.ok()) << started;
    Connect();
  }

  void Connect() {
    stub_ = v1::UnitService::NewStub(
        grpc::CreateChannel(daemon_.api_address(), grpc::InsecureChannelCredentials()));
  }

  std::string EchoPath() const { return place_.root() + "/echo.sock"; }

  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return context;
  }
  // A call of any unary method, as Call(&Stub::GetUnit, request, response).
  template <typename Method, typename Request, typename Response>
  grpc::Status Call(Method method, const Request& request, Response& response) {
    const auto context = Context();
    return (stub_.get()->*method)(context.get(), request, &response);
  }

  Place place_;
  DaemonProcess daemon_{place_};
  std::unique_ptr<v1::UnitService::Stub> stub_;
};

}  // namespace socketd::real
