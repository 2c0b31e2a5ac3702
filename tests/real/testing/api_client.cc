#include "tests/real/testing/api_client.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "grpcpp/grpcpp.h"

#include "socketd/v1/unit_service.grpc.pb.h"

namespace socketd::real {
namespace {

constexpr std::chrono::seconds kPatience(30);

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kPatience);
  context->set_wait_for_ready(true);
  return context;
}

}  // namespace

struct Watcher::Call {
  std::unique_ptr<grpc::ClientContext> context;
  v1::WatchUnitsResponse response;
  std::unique_ptr<grpc::ClientReader<v1::WatchUnitsResponse>> reader;
  std::vector<v1::Change> unread;

  // The next change; false when the stream or the patience has ended.
  bool Next() {
    do {
      if (!reader->Read(&response)) return false;
    } while (!response.has_change());
    return true;
  }
};

Watcher::Watcher(std::unique_ptr<Call> call) : call_(std::move(call)) {}

Watcher::~Watcher() {
  call_->context->TryCancel();
  call_->reader->Finish();
}

std::vector<std::string> Watcher::Until(const std::string& unit, const std::string& state) {
  std::vector<std::string> states;
  auto& unread = call_->unread;
  auto take = [&](const v1::Change& change) {
    if (change.unit() != unit) return false;
    states.push_back(change.to());
    return change.to() == state;
  };
  for (auto change = unread.begin(); change != unread.end();) {
    if (change->unit() != unit) {
      ++change;
      continue;
    }
    const bool last = take(*change);
    change = unread.erase(change);
    if (last) return states;
  }
  while (call_->Next()) {
    const v1::Change& change = call_->response.change();
    if (take(change)) return states;
    if (change.unit() != unit) unread.push_back(change);
  }
  return states;
}

std::string Watcher::NextThat(const std::string& prefix, const std::string& state) {
  while (call_->Next()) {
    const v1::Change& change = call_->response.change();
    if (change.to() == state && absl::StartsWith(change.unit(), prefix)) return change.unit();
  }
  return "";
}

std::vector<std::string> Watcher::Entered(const std::string& state, size_t count) {
  std::vector<std::string> names;
  while (names.size() < count && call_->Next()) {
    const v1::Change& change = call_->response.change();
    if (change.to() == state) names.push_back(change.unit());
  }
  return names;
}

struct ApiClient::Channel {
  std::unique_ptr<v1::UnitService::Stub> stub;
};

ApiClient::ApiClient(const std::string& address) : channel_(std::make_unique<Channel>()) {
  // A connection of its own: one that another client has may be to a daemon that is gone.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_->stub = v1::UnitService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

ApiClient::~ApiClient() = default;

namespace {

// Calls what only needs a unit's name.
template <typename Request, typename Response>
absl::Status CallFor(v1::UnitService::Stub& stub,
                     grpc::Status (v1::UnitService::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&,
                                                                   Response*),
                     const std::string& unit,
                     bool no_wait = false) {
  Request request;
  request.set_name(unit);
  if constexpr (requires { request.set_no_wait(no_wait); }) request.set_no_wait(no_wait);
  Response response;
  return ToAbsl((stub.*method)(Context().get(), request, &response));
}

}  // namespace

absl::Status ApiClient::Start(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::StartUnit, unit);
}

absl::Status ApiClient::StartWithoutWaiting(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::StartUnit, unit, true);
}

absl::Status ApiClient::Stop(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::StopUnit, unit);
}

absl::Status ApiClient::Restart(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::RestartUnit, unit);
}

absl::Status ApiClient::ReloadUnit(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::ReloadUnit, unit);
}

absl::Status ApiClient::Clean(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::CleanUnit, unit);
}

absl::Status ApiClient::Pause(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::PauseUnit, unit);
}

absl::Status ApiClient::Resume(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::ResumeUnit, unit);
}

absl::Status ApiClient::Delete(const std::string& unit) {
  return CallFor(*channel_->stub, &v1::UnitService::Stub::DeleteUnit, unit);
}

absl::Status ApiClient::ResetFailed(const std::string& unit) {
  v1::ResetFailedRequest request;
  request.add_names(unit);
  v1::ResetFailedResponse response;
  return ToAbsl(channel_->stub->ResetFailed(Context().get(), request, &response));
}

absl::Status ApiClient::Reload() {
  v1::LoadUnitsResponse response;
  return ToAbsl(channel_->stub->LoadUnits(Context().get(), v1::LoadUnitsRequest(), &response));
}

template <typename Request>
Request RequestFor(const std::vector<Wish>& units) {
  Request request;
  for (const Wish& wish : units) {
    v1::UnitSource& source = *request.add_units();
    source.set_unit_id(wish.unit);
    source.set_unit_file(wish.text);
  }
  return request;
}

absl::Status ApiClient::Apply(const std::vector<Wish>& units, const ApplyOptions& options) {
  auto request = RequestFor<v1::ApplyUnitsRequest>(units);
  request.set_restart(options.restart);
  request.set_expected_revision(options.expected_revision);
  v1::ApplyUnitsResponse response;
  return ToAbsl(channel_->stub->ApplyUnits(Context().get(), request, &response));
}

int64_t ApiClient::Plan(const std::vector<Wish>& units) {
  v1::PlanUnitsResponse response;
  channel_->stub->PlanUnits(Context().get(), RequestFor<v1::PlanUnitsRequest>(units), &response);
  return response.plan().revision();
}

absl::StatusOr<v1::Unit> ApiClient::Get(const std::string& unit) {
  v1::GetUnitRequest request;
  request.set_name(unit);
  v1::Unit response;
  const grpc::Status status = channel_->stub->GetUnit(Context().get(), request, &response);
  if (!status.ok()) return ToAbsl(status);
  return response;
}

std::string ApiClient::Bound(const std::string& unit) {
  const absl::StatusOr<v1::Unit> found = Get(unit);
  if (!found.ok() || found->status().socket().listeners().empty()) return "";
  return found->status().socket().listeners(0).bound();
}

std::string ApiClient::State(const std::string& unit) {
  const absl::StatusOr<v1::Unit> found = Get(unit);
  return found.ok() ? found->status().sub_state() : "";
}

int ApiClient::MainPid(const std::string& unit) {
  const absl::StatusOr<v1::Unit> found = Get(unit);
  return found.ok() ? found->status().service().main_pid() : 0;
}

std::string ApiClient::Lacks(const std::string& capability) {
  v1::GetServerResponse server;
  channel_->stub->GetServer(Context().get(), v1::GetServerRequest(), &server);
  for (const auto& one : server.capabilities())
    if (one.name() == capability) return one.available() ? "" : one.detail();
  return "there is no such capability";
}

std::vector<std::string> ApiClient::Names(const std::string& pattern) {
  v1::ListUnitsRequest request;
  request.add_patterns(pattern);
  v1::ListUnitsResponse response;
  channel_->stub->ListUnits(Context().get(), request, &response);
  std::vector<std::string> names;
  for (const v1::Unit& unit : response.units())
    names.push_back(unit.name());
  return names;
}

std::unique_ptr<Watcher> ApiClient::Watch() {
  auto call = std::make_unique<Watcher::Call>();
  call->context = Context();
  call->reader = channel_->stub->WatchUnits(call->context.get(), v1::WatchUnitsRequest());
  while (call->reader->Read(&call->response) && !call->response.has_snapshot_end()) {
  }
  return std::make_unique<Watcher>(std::move(call));
}

}  // namespace socketd::real
