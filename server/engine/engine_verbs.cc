// The verbs on jobs and failures: what a request has to pass before it becomes a job, and who is
// told when that ends.
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/dump.h"
#include "server/engine/engine_core.h"
#include "server/engine/job_ends.h"
#include "server/engine/refusals.h"
#include "server/engine/service_unit.h"
#include "server/engine/socket_unit.h"

namespace socketd {
namespace {

Work WorkFor(JobKind kind, const Unit& unit) {
  switch (kind) {
    case JobKind::kStart:
      return Work::kStart;
    case JobKind::kStop:
      return Work::kStop;
    case JobKind::kReload:
      return Work::kReload;
    case JobKind::kTryRestart:
    case JobKind::kRestart:
      break;
  }
  // A restart of what rests is a start.
  return unit.at_rest() && unit.job() == nullptr ? Work::kStart : Work::kRestart;
}

// A unit that only a dependency names is not there for callers.
bool IsThere(const Unit& unit) {
  return unit.definition()->loaded.state != LoadState::kNotFound || !unit.at_rest() ||
         unit.active_state() == ActiveState::kFailed;
}

absl::Status CheckRestart(const Unit& unit) {
  if (unit.type() != UnitType::kSocket || unit.at_rest()) return absl::OkStatus();
  for (const Unit* service : unit.links().of(LinkKind::kTriggers)) {
    const bool goes_too = unit.links().Has(LinkKind::kRequiredBy, *service) ||
                          unit.links().Has(LinkKind::kBoundBy, *service) ||
                          unit.links().Has(LinkKind::kConsistsOf, *service);
    if (service->at_rest() || goes_too) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_ACTIVE",
                 absl::StrCat(unit.name(), " cannot be restarted while ", service->name(),
                              " uses its sockets: stop that first"),
                 {{"unit", unit.name()}, {"service", service->name()}});
  }
  return absl::OkStatus();
}

// What stays and will start the unit again, which whoever stops it may not know.
void WarnOfSockets(const Unit& unit, std::vector<std::string>& warnings) {
  for (const Unit* socket : unit.links().of(LinkKind::kTriggeredBy)) {
    if (!socket->is_up() || socket->stop_pending()) continue;
    warnings.push_back(absl::StrCat(socket->name(), " still listens and will start ", unit.name(),
                                    " again on traffic: stop it too (--with-sockets)"));
  }
}

absl::Status NotAService(const Unit& unit) {
  return Error(absl::StatusCode::kInvalidArgument, "NOT_A_SERVICE",
               absl::StrCat(unit.name(), " is no service: no socket starts it"),
               {{"unit", unit.name()}});
}

}  // namespace

// Whom a stop is about: the unit, and those who come along.
absl::StatusOr<std::vector<Unit*>> EngineCore::Concerned(const JobRequest& request,
                                                         Unit& unit) const {
  std::vector<Unit*> units = {&unit};
  if (request.with_service && unit.type() != UnitType::kSocket) return NotASocket(unit);
  if (request.with_sockets && unit.type() != UnitType::kService) return NotAService(unit);
  const auto add = [&units](Unit* other) {
    if (!other->at_rest() || other->job() != nullptr) units.push_back(other);
  };
  if (request.with_service) {
    for (Unit* service : unit.links().of(LinkKind::kTriggers))
      add(service);
    for (ServiceUnit* instance : table_.ConnectionsOf(static_cast<const SocketUnit&>(unit)))
      add(instance);
  }
  if (request.with_sockets) {
    for (Unit* socket : unit.links().of(LinkKind::kTriggeredBy))
      add(socket);
  }
  return units;
}

absl::Status EngineCore::Request(const JobRequest& request, Unit& unit, Answer<JobReport>& answer) {
  const Cause cause{Cause::Kind::kRequest, "", request.requester};
  const Work work = WorkFor(request.kind, unit);
  if (work == Work::kRestart) {
    if (absl::Status can = CheckRestart(unit); !can.ok()) return can;
  }
  const absl::StatusOr<std::vector<Unit*>> units = Concerned(request, unit);
  if (!units.ok()) return units.status();
  Transaction transaction(request.mode);
  for (Unit* one : *units) {
    if (absl::Status added = transaction.Add(*one, work, cause); !added.ok()) return added;
  }
  Plan plan = transaction.Take();
  if (absl::Status installed = queue_.Install(plan, request.mode); !installed.ok()) {
    return installed;
  }
  if (work == Work::kStop) WarnOfSockets(unit, plan.warnings);
  if (request.no_wait) {
    answer(JobReport{unit.Snapshot(), plan.warnings});
    return absl::OkStatus();
  }
  const bool starts = work == Work::kStart || work == Work::kRestart;
  WhenAllEnded(*units, [this, name = unit.name(), warnings = plan.warnings, starts,
                        answer = std::move(answer)](const FailedJobs& failed) {
    if (!failed.empty()) return answer(failed.front().second);
    Unit* const now = Find(name);
    JobReport report{now == nullptr ? nullptr : now->Snapshot(), warnings};
    const std::string notice = starts && now != nullptr ? now->SkipNotice() : "";
    if (!notice.empty()) report.warnings.push_back(notice);
    answer(std::move(report));
  });
  return absl::OkStatus();
}

void EngineCore::Submit(const JobRequest& request, Answer<JobReport> answer) {
  if (shutting_down()) return answer(ShuttingDown());
  const absl::StatusOr<UnitName> name = UnitName::Parse(request.unit);
  if (!name.ok()) return answer(name.status());
  if (name->is_template()) {
    return answer(Error(absl::StatusCode::kInvalidArgument, "UNIT_IS_TEMPLATE",
                        absl::StrCat(request.unit, " is a template: name an instance of it"),
                        {{"unit", request.unit}}));
  }
  Unit* const unit = table_.Load(request.unit);
  if (unit == nullptr) return answer(table_.TooManyUnits());
  if (!IsThere(*unit)) {
    const std::string missing = unit->name();
    // Only the question has brought it here.
    if (unit->links().Empty() && unit->job() == nullptr) Drop(*unit);
    return answer(UnitNotFound(missing));
  }
  if (request.kind == JobKind::kTryRestart && unit->at_rest() && unit->job() == nullptr) {
    return answer(JobReport{unit->Snapshot(), {}});
  }
  if (absl::Status asked = Request(request, *unit, answer); !asked.ok()) answer(asked);
}

absl::StatusOr<UnitSnapshotPtr> EngineCore::Pause(const PauseRequest& request) const {
  Unit* const unit = Find(request.unit);
  if (unit == nullptr || !IsThere(*unit)) return UnitNotFound(request.unit);
  const Cause cause{Cause::Kind::kRequest, "", request.requester};
  absl::Status asked = unit->Ask(request.resume ? Verb::kResume : Verb::kPause, cause);
  if (!asked.ok()) return asked;
  return unit->Snapshot();
}

absl::StatusOr<std::vector<std::string>> EngineCore::ResetFailed(
    const std::vector<std::string>& units) {
  std::vector<Unit*> chosen;
  for (const std::string& name : units) {
    Unit* const unit = Find(name);
    if (unit == nullptr || !IsThere(*unit)) return UnitNotFound(name);
    chosen.push_back(unit);
  }
  if (units.empty()) chosen = table_.All();
  std::vector<std::string> reset;
  for (Unit* unit : chosen) {
    const bool failed = unit->active_state() == ActiveState::kFailed;
    if (units.empty() && !failed) continue;
    const absl::Status asked = unit->Ask(Verb::kReset, {Cause::Kind::kRequest, "", "reset-failed"});
    if (asked.ok() && failed) reset.push_back(unit->name());
  }
  return reset;
}

absl::StatusOr<UnitSnapshotPtr> EngineCore::CleanStore(const std::string& name) {
  Unit* const unit = Find(name);
  if (unit == nullptr || !IsThere(*unit)) return UnitNotFound(name);
  if (unit->type() != UnitType::kService) {
    return Error(absl::StatusCode::kInvalidArgument, "NOT_A_SERVICE",
                 absl::StrCat(unit->name(), " is no service: it leaves no descriptors"),
                 {{"unit", unit->name()}});
  }
  if (!unit->at_rest() || unit->job() != nullptr) return StillActive(*unit);
  static_cast<ServiceUnit*>(unit)->ClearStore();
  return unit->Snapshot();
}

absl::StatusOr<UnitSnapshotPtr> EngineCore::Look(const std::string& name) {
  Unit* const unit = Find(name);
  if (unit == nullptr || !Visible(*unit)) return UnitNotFound(name);
  unit->set_source_changed(table_.loader().SourceChanged(unit->definition()->loaded));
  return unit->Snapshot();
}

absl::StatusOr<DumpReport> EngineCore::Dump(const std::string& name) const {
  const Unit* const unit = Find(name);
  if (unit == nullptr || !IsThere(*unit)) return UnitNotFound(name);
  return socketd::Dump(*unit);
}

}  // namespace socketd
