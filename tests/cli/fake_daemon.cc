#include "tests/cli/fake_daemon.h"

#include <fnmatch.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "tests/cli/fake_units.h"

namespace socketd::cli {
namespace {

std::string Bare(const std::string& name) {
  return std::string(absl::StripPrefix(name, "units/"));
}

bool Wanted(const v1::ListUnitsRequest& request, const v1::Unit& unit) {
  const std::string name = Bare(unit.name());
  const auto matches = [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  };
  const auto has_type = [&](const std::string& type) { return absl::EndsWith(name, "." + type); };
  const auto in_state = [&](const std::string& state) {
    return unit.status().sub_state() == state;
  };
  const auto any = [](const auto& list, const auto& test) {
    return list.empty() || std::any_of(list.begin(), list.end(), test);
  };
  return any(request.patterns(), matches) && any(request.types(), has_type) &&
         any(request.states(), in_state);
}

}  // namespace

FakeDaemon::FakeDaemon(const std::string& path) : units_(FakeUnits()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeDaemon::~FakeDaemon() {
  ended_.set_value();
  server_->Shutdown(std::chrono::system_clock::now());
}

grpc::Status FakeDaemon::Find(const std::string& call, const std::string& name, v1::Unit& unit) {
  const std::lock_guard lock(mutex_);
  calls.push_back(absl::StrCat(call, " ", name));
  grpc::Status failure = FailureOf(name);
  if (!failure.ok()) return failure;
  const auto found = units_.find(Bare(name));
  if (found == units_.end()) {
    return FakeError(grpc::StatusCode::NOT_FOUND, "UNIT_NOT_FOUND", "no such unit");
  }
  unit = found->second;
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Note(const std::string& request_id) {
  const std::lock_guard lock(mutex_);
  const bool fresh = !request_id.empty() && request_ids.insert(request_id).second;
  return fresh ? grpc::Status::OK
               : FakeError(grpc::StatusCode::INVALID_ARGUMENT, "REQUEST_ID", "not a new id");
}

template <typename Request, typename Response>
grpc::Status FakeDaemon::Move(const std::string& call,
                              const Request& request,
                              Response& response,
                              v1::ActiveState to) {
  grpc::Status noted = Note(request.request_id());
  if (!noted.ok()) return noted;
  if constexpr (requires { request.no_wait(); }) {
    if (request.name() == "slow.service" && !request.no_wait()) end_.wait();
  }
  if (request.name() == "slow.service") return grpc::Status::OK;
  grpc::Status found = Find(call, request.name(), *response.mutable_unit());
  if (!found.ok()) return found;
  response.mutable_unit()->mutable_status()->set_active_state(to);
  const std::lock_guard lock(mutex_);
  units_[request.name()] = response.unit();
  return found;
}

grpc::Status FakeDaemon::GetUnit(Context* /*context*/,
                                 const v1::GetUnitRequest* request,
                                 v1::Unit* response) {
  return Find("GetUnit", request->name(), *response);
}

grpc::Status FakeDaemon::ListUnits(Context* /*context*/,
                                   const v1::ListUnitsRequest* request,
                                   v1::ListUnitsResponse* response) {
  const std::lock_guard lock(mutex_);
  // Two a page, whatever is asked for, so that clients have to turn pages.
  size_t skip = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  size_t seen = 0;
  for (const auto& [name, unit] : units_) {
    if (!Wanted(*request, unit) || seen++ < skip) continue;
    if (response->units_size() == 2) {
      response->set_next_page_token(absl::StrCat(skip + 2));
      break;
    }
    *response->add_units() = unit;
  }
  response->set_revision(kRevision);
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::CreateUnit(Context* /*context*/,
                                    const v1::CreateUnitRequest* request,
                                    v1::Unit* response) {
  grpc::Status noted = Note(request->request_id());
  if (!noted.ok()) return noted;
  const std::lock_guard lock(mutex_);
  calls.push_back("CreateUnit " + request->unit_id());
  created = *request;
  if (units_.count(request->unit_id()) > 0) {
    return FakeError(grpc::StatusCode::ALREADY_EXISTS, "UNIT_EXISTS", "the unit exists already");
  }
  if (absl::StrContains(request->unit_file(), "99999")) return WithViolations();
  response->set_name("units/" + request->unit_id());
  response->set_etag("e1");
  response->set_unit_file(request->unit_file());
  *response->mutable_definition() = request->definition();
  response->mutable_status()->set_load_state(v1::LOAD_STATE_LOADED);
  if (!request->validate_only()) units_[request->unit_id()] = *response;
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::UpdateUnit(Context* /*context*/,
                                    const v1::UpdateUnitRequest* request,
                                    v1::UpdateUnitResponse* response) {
  grpc::Status noted = Note(request->request_id());
  if (!noted.ok()) return noted;
  grpc::Status found = Find("UpdateUnit", request->name(), *response->mutable_unit());
  if (!found.ok()) return found;
  // web.service is the one that somebody else keeps changing.
  if (request->etag() != response->unit().etag() || request->name() == "web.service") {
    return FakeError(grpc::StatusCode::ABORTED, "ETAG_MISMATCH", "somebody else changed it");
  }
  response->mutable_unit()->set_unit_file(request->unit_file());
  response->mutable_unit()->set_etag("e2");
  response->set_takes_effect("next start");
  const std::lock_guard lock(mutex_);
  units_[request->name()] = response->unit();
  return found;
}

grpc::Status FakeDaemon::PlanFor(const google::protobuf::RepeatedPtrField<v1::UnitSource>& wanted,
                                 v1::Plan& plan) {
  const std::lock_guard lock(mutex_);
  for (const v1::UnitSource& source : wanted) {
    if (absl::StrContains(source.unit_file(), "99999")) return WithViolations();
    const bool known = units_.count(source.unit_id()) > 0;
    v1::UnitChange& change = *plan.add_units();
    change.set_unit(source.unit_id());
    change.set_action(source.remove() ? v1::UnitChange::ACTION_REMOVE
                      : known         ? v1::UnitChange::ACTION_CHANGE
                                      : v1::UnitChange::ACTION_CREATE);
  }
  plan.set_revision(kRevision);
  if (wanted.empty() || wanted[0].unit_id() != "web.socket") return grpc::Status::OK;
  *plan.mutable_units(0) = FakeUnitChange();
  plan.add_restarts("web.service");
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::PlanUnits(Context* /*context*/,
                                   const v1::PlanUnitsRequest* request,
                                   v1::PlanUnitsResponse* response) {
  return PlanFor(request->units(), *response->mutable_plan());
}

grpc::Status FakeDaemon::ApplyUnits(Context* /*context*/,
                                    const v1::ApplyUnitsRequest* request,
                                    v1::ApplyUnitsResponse* response) {
  grpc::Status noted = Note(request->request_id());
  if (!noted.ok()) return noted;
  const std::int64_t expected = request->expected_revision();
  if (expected != 0 && expected != kRevision) {
    return FakeError(grpc::StatusCode::ABORTED, "PLAN_STALE", "web.socket has changed since",
                     {{"unit", "web.socket"}, {"revision", absl::StrCat(kRevision)}});
  }
  if (request->restart()) response->add_warnings("web.service: a command failed");
  return PlanFor(request->units(), *response->mutable_plan());
}

grpc::Status FakeDaemon::DeleteUnit(Context* /*context*/,
                                    const v1::DeleteUnitRequest* request,
                                    v1::DeleteUnitResponse* response) {
  grpc::Status noted = Note(request->request_id());
  if (!noted.ok()) return noted;
  v1::Unit unit;
  grpc::Status found = Find("DeleteUnit", request->name(), unit);
  if (!found.ok()) return found;
  response->set_revision(kRevision + 1);
  const std::lock_guard lock(mutex_);
  units_.erase(request->name());
  return found;
}

grpc::Status FakeDaemon::StartUnit(Context* /*context*/,
                                   const v1::StartUnitRequest* request,
                                   v1::StartUnitResponse* response) {
  // A condition of it is not met.
  const bool skipped = request->name() == "idle.target";
  if (skipped) response->add_warnings("not started: ConditionPathExists=/etc/idle is not met");
  return Move("StartUnit", *request, *response,
              skipped ? v1::ACTIVE_STATE_INACTIVE : v1::ACTIVE_STATE_ACTIVE);
}

grpc::Status FakeDaemon::StopUnit(Context* /*context*/,
                                  const v1::StopUnitRequest* request,
                                  v1::StopUnitResponse* response) {
  grpc::Status moved = Move("StopUnit", *request, *response, v1::ACTIVE_STATE_INACTIVE);
  if (moved.ok() && request->name() == "web.service") {
    response->add_warnings("web.socket goes on listening and will start it again");
  }
  return moved;
}

grpc::Status FakeDaemon::RestartUnit(Context* /*context*/,
                                     const v1::RestartUnitRequest* request,
                                     v1::RestartUnitResponse* response) {
  return Move(request->only_if_active() ? "TryRestartUnit" : "RestartUnit", *request, *response,
              v1::ACTIVE_STATE_ACTIVE);
}

grpc::Status FakeDaemon::ReloadUnit(Context* /*context*/,
                                    const v1::ReloadUnitRequest* request,
                                    v1::ReloadUnitResponse* response) {
  return Move("ReloadUnit", *request, *response, v1::ACTIVE_STATE_ACTIVE);
}

grpc::Status FakeDaemon::CleanUnit(Context* /*context*/,
                                   const v1::CleanUnitRequest* request,
                                   v1::CleanUnitResponse* response) {
  return Move("CleanUnit", *request, *response, v1::ACTIVE_STATE_INACTIVE);
}

grpc::Status FakeDaemon::PauseUnit(Context* /*context*/,
                                   const v1::PauseUnitRequest* request,
                                   v1::PauseUnitResponse* response) {
  return Move("PauseUnit", *request, *response, v1::ACTIVE_STATE_ACTIVE);
}

grpc::Status FakeDaemon::ResumeUnit(Context* /*context*/,
                                    const v1::ResumeUnitRequest* request,
                                    v1::ResumeUnitResponse* response) {
  return Move("ResumeUnit", *request, *response, v1::ACTIVE_STATE_ACTIVE);
}

grpc::Status FakeDaemon::ResetFailed(Context* /*context*/,
                                     const v1::ResetFailedRequest* request,
                                     v1::ResetFailedResponse* response) {
  grpc::Status noted = Note(request->request_id());
  if (!noted.ok()) return noted;
  if (request->names().empty()) response->add_names("units/db.service");
  for (const std::string& name : request->names()) {
    v1::Unit unit;
    grpc::Status found = Find("ResetFailed", name, unit);
    if (!found.ok()) return found;
    response->add_names(name);
  }
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::DumpUnit(Context* /*context*/,
                                  const v1::DumpUnitRequest* request,
                                  v1::DumpUnitResponse* response) {
  grpc::Status found = Find("DumpUnit", request->name(), *response->mutable_unit());
  if (!found.ok()) return found;
  response->clear_unit();
  response->set_text(absl::StrCat("Name: ", request->name(), "\nState: well\n"));
  auto& property = *response->add_properties();
  property.set_key("State");
  property.set_value("well");
  return found;
}

grpc::Status FakeDaemon::LoadUnits(Context* /*context*/,
                                   const v1::LoadUnitsRequest* request,
                                   v1::LoadUnitsResponse* response) {
  grpc::Status noted = Note(request->request_id());
  response->set_loaded(6);
  response->add_problems(
      "/etc/socketd/units/bad.socket:2: ListenStream=99999: a port is at most 65535");
  return noted;
}

grpc::Status FakeDaemon::VerifyUnit(Context* /*context*/,
                                    const v1::VerifyUnitRequest* request,
                                    v1::VerifyUnitResponse* response) {
  if (absl::StrContains(request->unit_file(), "Foo=")) {
    auto& problem = *response->add_problems();
    problem.set_line(3);
    problem.set_section("Socket");
    problem.set_key("Foo");
    problem.set_message("Foo= is not known; did you mean FreeBind=?");
  }
  if (absl::StrContains(request->unit_file(), "99999")) {
    auto& problem = *response->add_problems();
    problem.set_line(2);
    problem.set_message("ListenStream=99999: a port is at most 65535");
    problem.set_fatal(true);
  }
  return grpc::Status::OK;
}

WatchScript FakeDaemon::NextWatch() {
  WatchScript script;
  if (!watches.empty()) {
    script = watches.front();
    watches.pop_front();
    return script;
  }
  for (const auto& [name, unit] : units_) {
    auto& message = script.messages.emplace_back();
    *message.mutable_unit() = unit;
    message.mutable_unit()->clear_definition();
    message.mutable_unit()->clear_unit_file();
    message.set_revision(kRevision);
  }
  auto& end = script.messages.emplace_back();
  end.mutable_snapshot_end();
  end.set_revision(kRevision);
  const std::vector<std::string> states = {"listening", "running", "listening", "stop-pre"};
  for (size_t i = 0; i + 1 < states.size(); ++i) {
    const auto revision = kRevision + 1 + static_cast<std::int64_t>(i);
    auto& message = script.messages.emplace_back();
    *message.mutable_change() = FakeChange(revision, "web.socket", states[i], states[i + 1]);
    message.set_revision(revision);
  }
  script.end = {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
  return script;
}

grpc::Status FakeDaemon::WatchUnits(Context* /*context*/,
                                    const v1::WatchUnitsRequest* request,
                                    Writer* writer) {
  std::function<void()> on_end;
  WatchScript script;
  {
    const std::lock_guard lock(mutex_);
    watch_starts.push_back(request->start_revision());
    script = NextWatch();
    on_end = on_watch_end;
  }
  for (const v1::WatchUnitsResponse& message : script.messages) {
    if (!writer->Write(message)) break;
  }
  if (on_end) on_end();
  return script.end;
}

}  // namespace socketd::cli
