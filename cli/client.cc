#include "cli/client.h"

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "cli/failure.h"
#include "cli/version.h"

#include "socketd/v1/unit_service.grpc.pb.h"

namespace socketd::cli {
namespace {

// Full definitions of thousands of units in one page are a few MB; the daemon's pages are bounded.
constexpr int kMaxAnswerBytes = 64 << 20;
constexpr int kPageSize = 1000;
// A daemon that pages for ever must not keep us for ever: a thousand pages of a thousand units.
constexpr int kMaxPages = 1000;
constexpr int kConnectMilliseconds = 5000;
constexpr int kFirstBackoffMilliseconds = 100;
constexpr int kLastBackoffMilliseconds = 2000;

grpc::ChannelArguments ChannelSettings() {
  grpc::ChannelArguments settings;
  settings.SetUserAgentPrefix(std::string("socketctl/") + std::string(kVersion));
  settings.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  settings.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMilliseconds);
  settings.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstBackoffMilliseconds);
  settings.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastBackoffMilliseconds);
  // http_proxy is meant for the web, not for a daemon on this machine.
  settings.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return settings;
}

// 128 random bits: a call that is repeated with the same id is done once.
std::string NewRequestId() {
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word)
    absl::StrAppendFormat(&id, "%08x", random());
  return id;
}

absl::Status Unreachable(const Address& address) {
  const absl::Status found = DiagnoseAddress(address);
  const std::string where = absl::StrCat("cannot reach socketd at ", address.text);
  if (found.ok()) return absl::UnavailableError(absl::StrCat(where, ": no answer"));
  const std::string text = absl::StrCat(where, ": ", found.message());
  return absl::IsPermissionDenied(found) ? absl::PermissionDeniedError(text)
                                         : absl::UnavailableError(text);
}

}  // namespace

struct Client::Wire {
  Address address;
  absl::Duration timeout;
  absl::Time deadline;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::UnitService::Stub> stub;

  void Prepare(grpc::ClientContext& context) const {
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  }

  // gRPC's own words never reach the user: without the daemon's details, the code speaks.
  absl::Status Translate(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    if (!status.error_details().empty()) {
      return WithDetails(absl::Status(code, status.error_message()), status.error_details());
    }
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE:
        return Unreachable(address);
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return absl::DeadlineExceededError(
            absl::StrCat("no answer within ", absl::FormatDuration(timeout), " (--timeout)"));
      case grpc::StatusCode::UNIMPLEMENTED:
        return absl::UnimplementedError(absl::StrCat(
            "the daemon at ", address.text, " does not know this call; see 'socketctl version'"));
      case grpc::StatusCode::INTERNAL:
      case grpc::StatusCode::UNKNOWN:
      case grpc::StatusCode::CANCELLED:
        return absl::InternalError(
            absl::StrCat("the daemon at ", address.text, " broke the call off"));
      default:
        return absl::Status(code, status.error_message());
    }
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::UnitService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request) const {
    grpc::ClientContext context;
    Prepare(context);
    Response response;
    absl::Status status = Translate((stub.get()->*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Write(grpc::Status (v1::UnitService::Stub::*method)(grpc::ClientContext*,
                                                                               const Request&,
                                                                               Response*),
                                 Request request) const {
    request.set_request_id(NewRequestId());
    return Call(method, request);
  }
};

using Stub = v1::UnitService::Stub;

Client::Client(Address address, absl::Duration timeout) : wire_(std::make_unique<Wire>()) {
  wire_->timeout = timeout;
  wire_->deadline = absl::Now() + timeout;
  wire_->channel = grpc::CreateCustomChannel(address.target, grpc::InsecureChannelCredentials(),
                                             ChannelSettings());
  wire_->stub = v1::UnitService::NewStub(wire_->channel);
  wire_->address = std::move(address);
}

Client::~Client() = default;

const Address& Client::address() const {
  return wire_->address;
}

absl::StatusOr<v1::Unit> Client::Get(const std::string& name, v1::UnitView view) {
  v1::GetUnitRequest request;
  request.set_name(name);
  request.set_view(view);
  return wire_->Call(&Stub::GetUnit, request);
}

absl::StatusOr<v1::ListUnitsResponse> Client::List(v1::ListUnitsRequest request) {
  request.set_page_size(kPageSize);
  request.clear_page_token();
  v1::ListUnitsResponse all;
  for (int page = 0; page < kMaxPages; ++page) {
    absl::StatusOr<v1::ListUnitsResponse> response = wire_->Call(&Stub::ListUnits, request);
    if (!response.ok()) return response;
    all.MergeFrom(*response);
    if (response->next_page_token().empty()) return all;
    request.set_page_token(response->next_page_token());
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("the daemon's list of units did not end after ", kMaxPages, " pages"));
}

absl::StatusOr<v1::Unit> Client::Create(v1::CreateUnitRequest request) {
  return wire_->Write(&Stub::CreateUnit, std::move(request));
}

absl::StatusOr<v1::UpdateUnitResponse> Client::Update(v1::UpdateUnitRequest request) {
  return wire_->Write(&Stub::UpdateUnit, std::move(request));
}

absl::StatusOr<v1::DeleteUnitResponse> Client::Delete(v1::DeleteUnitRequest request) {
  return wire_->Write(&Stub::DeleteUnit, std::move(request));
}

absl::StatusOr<v1::PlanUnitsResponse> Client::Plan(const v1::PlanUnitsRequest& request) {
  return wire_->Call(&Stub::PlanUnits, request);
}

absl::StatusOr<v1::ApplyUnitsResponse> Client::Apply(v1::ApplyUnitsRequest request) {
  return wire_->Write(&Stub::ApplyUnits, std::move(request));
}

absl::StatusOr<v1::StartUnitResponse> Client::Start(v1::StartUnitRequest request) {
  return wire_->Write(&Stub::StartUnit, std::move(request));
}

absl::StatusOr<v1::StopUnitResponse> Client::Stop(v1::StopUnitRequest request) {
  return wire_->Write(&Stub::StopUnit, std::move(request));
}

absl::StatusOr<v1::RestartUnitResponse> Client::Restart(v1::RestartUnitRequest request) {
  return wire_->Write(&Stub::RestartUnit, std::move(request));
}

absl::StatusOr<v1::ReloadUnitResponse> Client::Reload(v1::ReloadUnitRequest request) {
  return wire_->Write(&Stub::ReloadUnit, std::move(request));
}

absl::StatusOr<v1::CleanUnitResponse> Client::Clean(v1::CleanUnitRequest request) {
  return wire_->Write(&Stub::CleanUnit, std::move(request));
}

absl::StatusOr<v1::PauseUnitResponse> Client::Pause(v1::PauseUnitRequest request) {
  return wire_->Write(&Stub::PauseUnit, std::move(request));
}

absl::StatusOr<v1::ResumeUnitResponse> Client::Resume(v1::ResumeUnitRequest request) {
  return wire_->Write(&Stub::ResumeUnit, std::move(request));
}

absl::StatusOr<v1::ResetFailedResponse> Client::ResetFailed(v1::ResetFailedRequest request) {
  return wire_->Write(&Stub::ResetFailed, std::move(request));
}

absl::StatusOr<v1::DumpUnitResponse> Client::Dump(const v1::DumpUnitRequest& request) {
  return wire_->Call(&Stub::DumpUnit, request);
}

absl::StatusOr<v1::LoadUnitsResponse> Client::Load(v1::LoadUnitsRequest request) {
  return wire_->Write(&Stub::LoadUnits, std::move(request));
}

absl::StatusOr<v1::VerifyUnitResponse> Client::Verify(const v1::VerifyUnitRequest& request) {
  return wire_->Call(&Stub::VerifyUnit, request);
}

absl::StatusOr<v1::GetServerResponse> Client::Server() {
  return wire_->Call(&Stub::GetServer, v1::GetServerRequest());
}

absl::StatusOr<v1::GetServerResponse> Client::ServerAfter(std::int32_t life) {
  v1::GetServerRequest request;
  request.set_after_life(life);
  return wire_->Call(&Stub::GetServer, request);
}

absl::StatusOr<v1::UpgradeServerResponse> Client::Upgrade(v1::UpgradeServerRequest request) {
  return wire_->Write(&Stub::UpgradeServer, std::move(request));
}

absl::Status Client::Watch(const v1::WatchUnitsRequest& request,
                           const std::function<bool(const v1::WatchUnitsResponse&)>& each) {
  grpc::ClientContext context;
  wire_->Prepare(context);
  const auto reader = wire_->stub->WatchUnits(&context, request);
  v1::WatchUnitsResponse message;
  bool wanted = true;
  while (wanted && reader->Read(&message))
    wanted = each(message);
  if (wanted) return wire_->Translate(reader->Finish());
  context.TryCancel();
  reader->Finish();
  return absl::OkStatus();
}

bool Client::WaitForConnection() {
  return wire_->channel->WaitForConnected(absl::ToChronoTime(wire_->deadline));
}

}  // namespace socketd::cli
