#include "tests/real/keeper/upgrade_client.h"

#include <chrono>

#include "absl/time/clock.h"
#include "google/protobuf/util/time_util.h"
#include "grpcpp/grpcpp.h"

#include "socketd/v1/unit_service.grpc.pb.h"

namespace socketd::real {
namespace {

constexpr std::chrono::seconds kPatience(60);

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

void Prepare(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  context.set_wait_for_ready(true);
}

}  // namespace

struct UpgradeClient::Channel {
  std::unique_ptr<v1::UnitService::Stub> stub;
};

UpgradeClient::UpgradeClient(const std::string& address) : channel_(std::make_unique<Channel>()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 5);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
  channel_->stub = v1::UnitService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

UpgradeClient::~UpgradeClient() = default;

v1::GetServerResponse UpgradeClient::Server() {
  grpc::ClientContext context;
  Prepare(context);
  v1::GetServerResponse response;
  channel_->stub->GetServer(&context, v1::GetServerRequest(), &response);
  return response;
}

absl::StatusOr<v1::UpgradeServerResponse> UpgradeClient::Begin(const std::string& program,
                                                               absl::Duration limit) {
  grpc::ClientContext context;
  Prepare(context);
  v1::UpgradeServerRequest request;
  request.set_program(program);
  *request.mutable_limit() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(limit));
  v1::UpgradeServerResponse response;
  const grpc::Status status = channel_->stub->UpgradeServer(&context, request, &response);
  if (!status.ok()) return ToAbsl(status);
  return response;
}

absl::StatusOr<v1::GetServerResponse> UpgradeClient::After(int life) {
  const absl::Time end = absl::Now() + absl::FromChrono(kPatience);
  for (;;) {
    grpc::ClientContext context;
    Prepare(context);
    v1::GetServerRequest request;
    request.set_after_life(life);
    v1::GetServerResponse response;
    const grpc::Status status = channel_->stub->GetServer(&context, request, &response);
    if (status.ok()) return response;
    const bool gone = status.error_code() == grpc::StatusCode::UNAVAILABLE;
    if (!gone || absl::Now() > end) return ToAbsl(status);
  }
}

absl::StatusOr<v1::GetServerResponse> UpgradeClient::Upgrade(const std::string& program,
                                                             absl::Duration limit) {
  const absl::StatusOr<v1::UpgradeServerResponse> begun = Begin(program, limit);
  if (!begun.ok()) return begun.status();
  return After(begun->life());
}

}  // namespace socketd::real
