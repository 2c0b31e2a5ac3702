#include "server/api/unit_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/api/convert.h"
#include "server/api/gate.h"
#include "server/api/limits.h"
#include "server/api/list_units.h"
#include "server/api/names.h"
#include "server/api/replies.h"
#include "server/api/status.h"
#include "server/api/unit_service_calls.h"
#include "server/api/unit_source.h"
#include "server/base/errors.h"
#include "server/base/text.h"

namespace socketd {
namespace {

absl::StatusOr<JobMode> ModeOf(v1::JobMode mode) {
  switch (mode) {
    case v1::JOB_MODE_UNSPECIFIED:
    case v1::JOB_MODE_REPLACE:
      return JobMode::kReplace;
    case v1::JOB_MODE_FAIL:
      return JobMode::kFail;
    case v1::JOB_MODE_IGNORE_DEPENDENCIES:
      return JobMode::kIgnoreDependencies;
    default:
      break;
  }
  return Error(absl::StatusCode::kInvalidArgument, "BAD_JOB_MODE",
               absl::StrCat("there is no job mode ", static_cast<int>(mode)), {{"field", "mode"}});
}

absl::Status BadClean(int what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_CLEAN",
               absl::StrCat("there is nothing to clean of kind ", what), {{"field", "what"}});
}

template <typename Response>
void FillWarnings(const JobReport& report, Response& response) {
  if constexpr (requires { response.add_warnings(""); }) {
    for (const std::string& warning : report.warnings)
      response.add_warnings(CleanText(warning));
  }
}

UnitSource SourceFor(const grpc::CallbackServerContext& context, const UnitName& name) {
  UnitSource source;
  source.unit = name.text();
  source.requester = RequesterOf(context);
  return source;
}

// The answer to what moves a unit.
template <typename Response>
std::shared_ptr<Response> MessageWith(const UnitSnapshotPtr& snapshot) {
  auto message = std::make_shared<Response>();
  if (snapshot != nullptr) Convert(*snapshot, View::kBasic, *message->mutable_unit());
  return message;
}

}  // namespace

UnitService::UnitService(const Wiring& wiring)
    : engine_(wiring.engine),
      outbox_(wiring.outbox),
      watchers_(wiring.watchers),
      about_(wiring.about),
      upgrader_(wiring.upgrader),
      calls_(kCallsLimit),
      request_ids_(kRequestIdsLimit, kKeptAnswerBytesLimit) {}

// ---- plumbing ----

UnitService::Reactor* UnitService::Run(const Write& write,
                                       const std::function<void(Settle)>& submit) {
  if (write.request_id.size() > kRequestIdBytesLimit) {
    return End(write.context,
               Error(absl::StatusCode::kInvalidArgument, "BAD_REQUEST_ID",
                     absl::StrCat("request_id has at most ", kRequestIdBytesLimit, " characters"),
                     {{"field", "request_id"}}));
  }
  if (!calls_.Enter()) {
    return End(write.context, Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                                    absl::StrCat(kCallsLimit, " calls are under way")));
  }
  const std::shared_ptr<UnaryCall> call = UnaryCall::Make(calls_, *write.response, write.done);
  const Settle end = [call](const Reply& reply) { call->End(reply); };
  if (write.request_id.empty()) {
    submit(end);
    return call.get();
  }
  const RequestIds::Key key{CallerOf(*write.context).uid, write.request_id};
  const absl::StatusOr<bool> first = request_ids_.Begin(key, write.content, end);
  if (!first.ok()) {
    end({ToGrpc(first.status()), nullptr});
  } else if (*first) {
    submit([this, key, end](const Reply& reply) {
      request_ids_.Settle(key, reply);
      end(reply);
    });
  }
  return call.get();
}

// ---- reads ----

UnitService::Reactor* UnitService::GetUnit(Context* context,
                                           const v1::GetUnitRequest* request,
                                           v1::Unit* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->name(), "name");
  if (!name.ok()) return End(context, name.status());
  if (request->view() != v1::UNIT_VIEW_BASIC) {
    return Run({context, response, "", ""}, [this, &name](Settle settle) {
      engine_.Look(name->text(), Answering<UnitSnapshotPtr>(std::move(settle), UnitOf));
    });
  }
  const UnitSnapshotPtr unit = engine_.board()->Find(name->text());
  if (unit == nullptr) return End(context, UnitNotFound(name->text()));
  Convert(*unit, View::kBasic, *response);
  return End(context, grpc::Status::OK);
}

UnitService::Reactor* UnitService::ListUnits(Context* context,
                                             const v1::ListUnitsRequest* request,
                                             v1::ListUnitsResponse* response) {
  return End(context, socketd::ListUnits(*engine_.board(), *request, *response));
}

UnitService::Reactor* UnitService::VerifyUnit(Context* context,
                                              const v1::VerifyUnitRequest* request,
                                              v1::VerifyUnitResponse* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->unit_id(), "unit_id");
  if (!name.ok()) return End(context, name.status());
  return End(context, Verify(*name, request->unit_file(), *response));
}

UnitService::Reactor* UnitService::DumpUnit(Context* context,
                                            const v1::DumpUnitRequest* request,
                                            v1::DumpUnitResponse* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->name(), "name");
  if (!name.ok()) return End(context, name.status());
  return Run({context, response, "", ""}, [this, &name](Settle settle) {
    engine_.Dump(name->text(), Answering<DumpReport>(std::move(settle), DumpOf));
  });
}

UnitService::Reactor* UnitService::PlanUnits(Context* context,
                                             const v1::PlanUnitsRequest* request,
                                             v1::PlanUnitsResponse* response) {
  ApplyRequest wanted;
  const grpc::Status read = ReadSources(request->units(), wanted.units);
  if (!read.ok()) return End(context, read);
  return Run({context, response, "", ""}, [this, &wanted](Settle settle) {
    engine_.PlanUnits(std::move(wanted), Answering<ChangePlan>(std::move(settle), PlanOf));
  });
}

grpc::ServerWriteReactor<v1::WatchUnitsResponse>* UnitService::WatchUnits(
    Context* context, const v1::WatchUnitsRequest* request) {
  WatchCall::Call call{watchers_, *context, 0};
  if (request->has_heartbeat())
    call.heartbeat_seconds = std::max(kHeartbeatSecondsLeast, request->heartbeat().seconds());
  absl::StatusOr<Patterns> patterns =
      Patterns::Parse({request->names().begin(), request->names().end()}, "names");
  if (!patterns.ok()) return WatchCall::Refuse(patterns.status());
  if (request->start_revision() < 0) {
    return WatchCall::Refuse(Error(absl::StatusCode::kInvalidArgument, "BAD_REVISION",
                                   "start_revision is below zero", {{"field", "start_revision"}}));
  }
  return WatchCall::Start(call,
                          WatchFeed(engine_, *std::move(patterns), request->start_revision()));
}

// ---- writes ----

UnitService::Reactor* UnitService::CreateUnit(Context* context,
                                              const v1::CreateUnitRequest* request,
                                              v1::Unit* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->unit_id(), "unit_id");
  if (!name.ok()) return End(context, name.status());
  UnitSource source = SourceFor(*context, *name);
  source.validate_only = request->validate_only();
  const grpc::Status read = ReadSource(*request, *name, source);
  if (!read.ok()) return End(context, read);
  return Run(WriteOf(context, *request, response), [this, &source](Settle settle) {
    engine_.Create(std::move(source), Answering<UnitSnapshotPtr>(std::move(settle), UnitOf));
  });
}

UnitService::Reactor* UnitService::UpdateUnit(Context* context,
                                              const v1::UpdateUnitRequest* request,
                                              v1::UpdateUnitResponse* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->name(), "name");
  if (!name.ok()) return End(context, name.status());
  UnitSource source = SourceFor(*context, *name);
  source.etag = request->etag();
  const grpc::Status read = ReadSource(*request, *name, source);
  if (!read.ok()) return End(context, read);
  return Run(WriteOf(context, *request, response), [this, &source](Settle settle) {
    engine_.Update(std::move(source), Answering<UnitSnapshotPtr>(std::move(settle), UpdateOf));
  });
}

UnitService::Reactor* UnitService::DeleteUnit(Context* context,
                                              const v1::DeleteUnitRequest* request,
                                              v1::DeleteUnitResponse* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->name(), "name");
  if (!name.ok()) return End(context, name.status());
  UnitSource source = SourceFor(*context, *name);
  source.etag = request->etag();
  return Run(WriteOf(context, *request, response), [this, &source](Settle settle) {
    engine_.Delete(std::move(source), Answering<int64_t>(std::move(settle), [](int64_t revision) {
                     auto deletion = std::make_shared<v1::DeleteUnitResponse>();
                     deletion->set_revision(revision);
                     return deletion;
                   }));
  });
}

UnitService::Reactor* UnitService::ApplyUnits(Context* context,
                                              const v1::ApplyUnitsRequest* request,
                                              v1::ApplyUnitsResponse* response) {
  ApplyRequest wanted;
  wanted.requester = RequesterOf(*context);
  wanted.expected_revision = request->expected_revision();
  wanted.restart = request->restart();
  const grpc::Status read = ReadSources(request->units(), wanted.units);
  if (!read.ok()) return End(context, read);
  return Run(WriteOf(context, *request, response), [this, &wanted](Settle settle) {
    engine_.ApplyUnits(std::move(wanted), Answering<ApplyReport>(std::move(settle), ApplyOf));
  });
}

template <typename Response, typename Request>
UnitService::Reactor* UnitService::RunJob(Context* context,
                                          const Request& request,
                                          Response* response,
                                          JobKind kind) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request.name(), "name");
  if (!name.ok()) return End(context, name.status());
  const absl::StatusOr<JobMode> mode = ModeOf(request.mode());
  if (!mode.ok()) return End(context, mode.status());
  JobRequest job{name->text(), kind, *mode, request.no_wait(), RequesterOf(*context)};
  if constexpr (std::is_same_v<Request, v1::StopUnitRequest>) {
    job.with_service = request.with_service();
    job.with_sockets = request.with_sockets();
  }
  return Run(WriteOf(context, request, response), [this, &job](Settle settle) {
    engine_.Submit(std::move(job),
                   Answering<JobReport>(std::move(settle), [](const JobReport& report) {
                     auto message = MessageWith<Response>(report.unit);
                     FillWarnings(report, *message);
                     return message;
                   }));
  });
}

UnitService::Reactor* UnitService::StartUnit(Context* context,
                                             const v1::StartUnitRequest* request,
                                             v1::StartUnitResponse* response) {
  return RunJob(context, *request, response, JobKind::kStart);
}

UnitService::Reactor* UnitService::StopUnit(Context* context,
                                            const v1::StopUnitRequest* request,
                                            v1::StopUnitResponse* response) {
  return RunJob(context, *request, response, JobKind::kStop);
}

UnitService::Reactor* UnitService::RestartUnit(Context* context,
                                               const v1::RestartUnitRequest* request,
                                               v1::RestartUnitResponse* response) {
  const JobKind kind = request->only_if_active() ? JobKind::kTryRestart : JobKind::kRestart;
  return RunJob(context, *request, response, kind);
}

UnitService::Reactor* UnitService::ReloadUnit(Context* context,
                                              const v1::ReloadUnitRequest* request,
                                              v1::ReloadUnitResponse* response) {
  return RunJob(context, *request, response, JobKind::kReload);
}

template <typename Response, typename Request>
UnitService::Reactor* UnitService::RunPause(Context* context,
                                            const Request& request,
                                            Response* response,
                                            bool resume) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request.name(), "name");
  if (!name.ok()) return End(context, name.status());
  PauseRequest pause{name->text(), resume, RequesterOf(*context)};
  return Run(WriteOf(context, request, response), [this, &pause](Settle settle) {
    engine_.Pause(std::move(pause),
                  Answering<UnitSnapshotPtr>(std::move(settle), MessageWith<Response>));
  });
}

UnitService::Reactor* UnitService::PauseUnit(Context* context,
                                             const v1::PauseUnitRequest* request,
                                             v1::PauseUnitResponse* response) {
  return RunPause(context, *request, response, false);
}

UnitService::Reactor* UnitService::ResumeUnit(Context* context,
                                              const v1::ResumeUnitRequest* request,
                                              v1::ResumeUnitResponse* response) {
  return RunPause(context, *request, response, true);
}

UnitService::Reactor* UnitService::CleanUnit(Context* context,
                                             const v1::CleanUnitRequest* request,
                                             v1::CleanUnitResponse* response) {
  const absl::StatusOr<UnitName> name = ParseResourceName(request->name(), "name");
  if (!name.ok()) return End(context, name.status());
  for (const int what : request->what())
    if (what != v1::CleanUnitRequest::WHAT_DESCRIPTOR_STORE) return End(context, BadClean(what));
  return Run(WriteOf(context, *request, response), [this, &name](Settle settle) {
    engine_.CleanStore(name->text(), Answering<UnitSnapshotPtr>(
                                         std::move(settle), MessageWith<v1::CleanUnitResponse>));
  });
}

UnitService::Reactor* UnitService::ResetFailed(Context* context,
                                               const v1::ResetFailedRequest* request,
                                               v1::ResetFailedResponse* response) {
  std::vector<std::string> units;
  for (const std::string& each : request->names()) {
    const absl::StatusOr<UnitName> name = ParseResourceName(each, "names");
    if (!name.ok()) return End(context, name.status());
    units.push_back(name->text());
  }
  return Run(WriteOf(context, *request, response), [this, &units](Settle settle) {
    engine_.ResetFailed(std::move(units),
                        Answering<std::vector<std::string>>(
                            std::move(settle), [](const std::vector<std::string>& names) {
                              auto message = std::make_shared<v1::ResetFailedResponse>();
                              for (const std::string& name : names)
                                message->add_names(ResourceName(name));
                              return message;
                            }));
  });
}

UnitService::Reactor* UnitService::LoadUnits(Context* context,
                                             const v1::LoadUnitsRequest* request,
                                             v1::LoadUnitsResponse* response) {
  const std::string requester = RequesterOf(*context);
  return Run(WriteOf(context, *request, response), [this, &requester](Settle settle) {
    engine_.Load(requester, Answering<LoadReport>(std::move(settle), LoadOf));
  });
}

}  // namespace socketd
