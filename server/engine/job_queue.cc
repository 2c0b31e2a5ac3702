#include "server/engine/job_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/service_unit.h"

namespace socketd {
namespace {

absl::Status NotLoaded(const Unit& unit) {
  const LoadedUnit& loaded = unit.definition()->loaded;
  if (loaded.state == LoadState::kNotFound) return UnitNotFound(unit.name());
  const bool masked = loaded.state == LoadState::kMasked;
  return Error(absl::StatusCode::kFailedPrecondition, masked ? "UNIT_MASKED" : "UNIT_NOT_LOADED",
               absl::StrCat(unit.name(), " is ", std::string(NameOf(loaded.state)),
                            loaded.error.empty() ? "" : ": ", loaded.error),
               {{"unit", unit.name()}});
}

absl::Status DependencyFailed(const Unit& unit, const Unit& needed) {
  return Error(absl::StatusCode::kFailedPrecondition, "DEPENDENCY_FAILED",
               absl::StrCat(unit.name(), " needs ", needed.name(), ", which did not start"),
               {{"unit", unit.name()}, {"dependency", needed.name()}});
}

absl::Status ReloadEnd(const Unit& unit) {
  if (unit.active_state() != ActiveState::kActive) {
    return Error(absl::StatusCode::kFailedPrecondition, "NOT_ACTIVE",
                 absl::StrCat(unit.name(), " ended during the reload"), {{"unit", unit.name()}});
  }
  if (unit.type() != UnitType::kService) return absl::OkStatus();
  return static_cast<const ServiceUnit&>(unit).last_reload();
}

// Why a start came to nothing.
absl::Status StartEnd(const Unit& unit) {
  if (unit.result() == Result::kSuccess) return absl::OkStatus();
  if (unit.result() == Result::kResources && !unit.failure().ok()) {
    return WithFacts(unit.failure(), {{"unit", unit.name()}, {"result", "resources"}});
  }
  const bool late = unit.result() == Result::kTimeout;
  return Error(absl::StatusCode::kFailedPrecondition, late ? "COMMAND_TIMEOUT" : "COMMAND_FAILED",
               absl::StrCat(unit.name(), " failed with ", std::string(NameOf(unit.result())),
                            unit.cause().detail.empty() ? "" : ": ", unit.cause().detail),
               {{"unit", unit.name()}, {"result", std::string(NameOf(unit.result()))}});
}

bool IsActiveOrReloading(const Unit& unit) {
  return unit.active_state() == ActiveState::kActive ||
         unit.active_state() == ActiveState::kReloading;
}

// A job that is to do something else begins anew.
void Redirect(Job& job, Work work) {
  if (job.work == work) return;
  job.work = work;
  job.running = false;
  job.reached = false;
}

}  // namespace

// ---- installing ----

absl::Status JobQueue::Install(Plan& plan, JobMode mode) {
  for (const PlannedJob& planned : plan.jobs) {
    const Job* job = planned.unit->job();
    if (mode != JobMode::kFail || job == nullptr || Merge(job->work, planned.work)) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "JOB_CONFLICT",
                 absl::StrCat(planned.unit->name(), " has a job to ",
                              std::string(NameOf(job->work)), " already"),
                 {{"unit", planned.unit->name()}, {"job", std::string(NameOf(job->work))}});
  }
  for (const std::string& warning : plan.warnings)
    Log(Level::kWarning, "job.circle", {{"what", warning}});
  for (PlannedJob& planned : plan.jobs)
    Put(planned, mode);
  // All are written down before the first begins: the next daemon would know of that one only.
  if (plan.jobs.size() < 2) return absl::OkStatus();
  for (const PlannedJob& planned : plan.jobs)
    planned.unit->host().OnStep(*planned.unit);
  return absl::OkStatus();
}

void JobQueue::Put(PlannedJob& planned, JobMode mode) {
  Unit& unit = *planned.unit;
  if (Job* job = unit.job()) {
    const std::optional<Work> merged = Merge(job->work, planned.work);
    if (merged.has_value()) {
      Redirect(*job, *merged);
      job->unordered = job->unordered || planned.unordered;
      return Enqueue(unit);
    }
    // What is only wanted does not undo what somebody asked for.
    if (!planned.must) return;
    Finish(unit, Error(absl::StatusCode::kAborted, "JOB_REPLACED",
                       absl::StrCat("the job to ", std::string(NameOf(job->work)), " ", unit.name(),
                                    " was replaced by one to ", std::string(NameOf(planned.work))),
                       {{"unit", unit.name()}}));
  }
  auto job = std::make_unique<Job>();
  job->work = planned.work;
  job->cause = std::move(planned.cause);
  job->unordered = planned.unordered || mode == JobMode::kIgnoreDependencies;
  unit.job_slot() = std::move(job);
  ++jobs_;
  unit.host().OnChanged(unit);
  Enqueue(unit);
}

// ---- running ----

void JobQueue::Enqueue(Unit& unit) {
  Job* const job = unit.job();
  if (job == nullptr || job->running || job->queued) return;
  job->queued = true;
  ready_.push_back(&unit);
}

void JobQueue::LookAtNeighbours(Unit& unit) {
  for (const LinkKind kind : {LinkKind::kBefore, LinkKind::kAfter}) {
    for (Unit* other : unit.links().of(kind))
      Enqueue(*other);
  }
}

void JobQueue::RunOne() {
  Unit& unit = *ready_.front();
  ready_.pop_front();
  Job* const job = unit.job();
  if (job == nullptr) return;
  job->queued = false;
  if (!job->running && !Blocked(unit)) Execute(unit);
}

bool JobQueue::Blocked(const Unit& unit) {
  const Job& mine = *unit.job();
  if (mine.unordered) return false;
  for (const Unit* other : unit.links().of(LinkKind::kAfter)) {
    if (other->job() != nullptr && WaitsForEarlier(mine.work)) return true;
  }
  for (const Unit* other : unit.links().of(LinkKind::kBefore)) {
    if (other->job() != nullptr && WaitsForLater(other->job()->work)) return true;
  }
  return false;
}

absl::Status JobQueue::BeginStart(Unit& unit, const Cause& cause) {
  if (!unit.at_rest()) return unit.Ask(Verb::kStart, cause);
  if (!unit.loaded()) return NotLoaded(unit);
  if (absl::Status check = unit.CheckStart(); !check.ok()) return check;
  for (const Unit* other : unit.links().of(LinkKind::kBindsTo)) {
    // It was done with its start without being up: a condition of its own is not met.
    const bool missing = unit.links().Has(LinkKind::kAfter, *other) && !IsActiveOrReloading(*other);
    if (missing) return DependencyFailed(unit, *other);
  }
  return unit.Ask(Verb::kStart, cause);
}

absl::Status JobQueue::Begin(Unit& unit) {
  Job& job = *unit.job();
  const Cause cause = job.cause;
  switch (job.work) {
    case Work::kVerify:
      return unit.is_up() ? absl::OkStatus() : NotLoaded(unit);
    case Work::kReload:
      return unit.Ask(Verb::kReload, cause);
    case Work::kReloadOrStart:
      // What is on its way up reads its configuration by itself: the start goes on.
      job.work = unit.active_state() == ActiveState::kActive ||
                         unit.active_state() == ActiveState::kReloading
                     ? Work::kReload
                     : Work::kStart;
      return Begin(unit);
    case Work::kStart:
      return BeginStart(unit, cause);
    case Work::kRestart:
    case Work::kStop:
      return unit.Ask(Verb::kStop, cause);
  }
  return absl::OkStatus();
}

void JobQueue::Execute(Unit& unit) {
  unit.job()->running = true;
  const absl::Status begun = Begin(unit);
  Job* const job = unit.job();
  if (job == nullptr) return;
  if (IsTryAgain(begun)) {
    job->running = false;  // looked at again when the unit or its service moves
    return;
  }
  if (IsSkip(begun)) return Finish(unit, absl::OkStatus());
  if (!begun.ok() || job->work == Work::kVerify) return Finish(unit, begun);
  Progress(unit);
}

void JobQueue::Progress(Unit& unit) {
  Job* const job = unit.job();
  if (job == nullptr) return;
  if (!job->running) return Enqueue(unit);
  const bool ended = unit.at_rest() || unit.restarting();
  switch (job->work) {
    case Work::kStart:
    case Work::kReloadOrStart:
      if (job->reached || IsActiveOrReloading(unit)) return Finish(unit, absl::OkStatus());
      if (!ended) return;
      return Finish(unit, StartEnd(unit));
    case Work::kStop:
      if (unit.at_rest()) Finish(unit, absl::OkStatus());
      return;
    case Work::kRestart:
      if (!unit.at_rest()) return;
      job->work = Work::kStart;
      job->running = false;
      Enqueue(unit);
      return LookAtNeighbours(unit);  // a start lets others go first that a restart did not
    case Work::kReload:
      if (unit.active_state() != ActiveState::kReloading) Finish(unit, ReloadEnd(unit));
      return;
    case Work::kVerify:
      return;
  }
}

// ---- ending ----

void JobQueue::Finish(Unit& unit, const absl::Status& status) {
  const std::unique_ptr<Job> job = std::move(unit.job_slot());
  if (job == nullptr) return;
  --jobs_;
  if (job->queued) ready_.erase(std::remove(ready_.begin(), ready_.end(), &unit), ready_.end());
  unit.host().OnChanged(unit);
  LookAtNeighbours(unit);
  if (!status.ok()) {
    LogFailure(Level::kDebug, "job.failed", status,
               {{"unit", unit.name()}, {"job", NameOf(job->work)}});
    if (job->work != Work::kStop && job->work != Work::kReload) FailDependents(unit);
  }
  ended_(unit);
  for (const JobEnd& asker : job->askers)
    asker(status);
}

// What needs a unit that did not start is not started either.
void JobQueue::FailDependents(Unit& unit) {
  for (const LinkKind kind : {LinkKind::kRequiredBy, LinkKind::kBoundBy, LinkKind::kRequisiteOf}) {
    const auto links = unit.links().of(kind);
    const std::vector<Unit*> others(links.begin(), links.end());
    for (Unit* other : others) {
      const Job* const job = other->job();
      if (job == nullptr || job->running || !job->starts()) continue;
      Finish(*other, DependencyFailed(*other, unit));
    }
  }
}

}  // namespace socketd
