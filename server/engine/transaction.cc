#include "server/engine/transaction.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

bool Starts(Work work) {
  return work == Work::kStart || work == Work::kRestart || work == Work::kReloadOrStart;
}

// Units of other types are somebody else's: they count as there.
bool RunsHere(const Unit& unit) {
  return unit.type() != UnitType::kOther;
}

bool Settled(const Unit& unit) {
  return unit.active_state() == ActiveState::kActive && unit.job() == nullptr;
}

absl::Status NotLoaded(const Unit& unit, const Unit& needed) {
  return Error(absl::StatusCode::kFailedPrecondition, "DEPENDENCY_NOT_LOADED",
               absl::StrCat(unit.name(), " needs ", needed.name(), ", which is not loaded"),
               {{"unit", unit.name()}, {"dependency", needed.name()}});
}

// Whether `other`, which needs `unit`, stops with it.
bool StopsToo(const Unit& other, const Unit& unit, bool restarts) {
  if (other.at_rest() && other.job() == nullptr) return false;
  // A socket keeps its descriptors and its queue while its service is restarted.
  return !restarts || !other.links().Has(LinkKind::kTriggers, unit);
}

// One unit of a path along the order, and where to go on from it.
struct Step {
  Unit* unit;
  std::vector<Unit*> next;
};

// Null: there is nowhere to go.
Unit* TakeNext(Step& step) {
  if (step.next.empty()) return nullptr;
  Unit* const next = step.next.back();
  step.next.pop_back();
  return next;
}

// The circle that a step to `unit` closes; empty: it is not on the path.
std::vector<Unit*> CircleAt(const Unit* unit, const std::vector<Step>& path) {
  std::vector<Unit*> circle;
  auto at =
      std::find_if(path.begin(), path.end(), [&](const Step& step) { return step.unit == unit; });
  for (; at != path.end(); ++at)
    circle.push_back(at->unit);
  return circle;
}

}  // namespace

const PlannedJob* Transaction::Planned(const Unit& unit) const {
  const auto found = index_.find(&unit);
  return found == index_.end() ? nullptr : &jobs_[found->second];
}

absl::Status Transaction::Add(Unit& unit, Work work, const Cause& cause) {
  size_t next = jobs_.size();
  if (absl::Status put = Put({&unit, work, true, false, cause}); !put.ok()) return put;
  for (; next < jobs_.size(); ++next) {
    if (mode_ == JobMode::kIgnoreDependencies) break;
    if (absl::Status expanded = Expand(next); !expanded.ok()) return expanded;
  }
  return absl::OkStatus();
}

absl::Status Transaction::Put(PlannedJob job) {
  const auto [found, added] = index_.try_emplace(job.unit, jobs_.size());
  if (added) {
    // What ignores dependencies was asked for unit by unit: all of them, when the daemon ends.
    if (jobs_.size() >= kTransactionLimit && mode_ != JobMode::kIgnoreDependencies) {
      return Error(absl::StatusCode::kResourceExhausted, "TRANSACTION_TOO_LARGE",
                   absl::StrCat("more than ", kTransactionLimit, " units would be affected"),
                   {{"unit", job.unit->name()}});
    }
    jobs_.push_back(std::move(job));
    return absl::OkStatus();
  }
  PlannedJob& before = jobs_[found->second];
  if (const std::optional<Work> merged = Merge(before.work, job.work)) {
    before.work = *merged;
    before.must = before.must || job.must;
    return absl::OkStatus();
  }
  if (before.must && job.must) {
    return Error(absl::StatusCode::kFailedPrecondition, "TRANSACTION_CONFLICT",
                 absl::StrCat(job.unit->name(), " would have to ", std::string(NameOf(before.work)),
                              " and to ", std::string(NameOf(job.work)), " at once"),
                 {{"unit", job.unit->name()}});
  }
  if (job.must) before = std::move(job);
  return absl::OkStatus();
}

absl::Status Transaction::Expand(size_t index) {
  const Work work = jobs_[index].work;
  if (Starts(work)) {
    if (absl::Status started = ExpandStart(index); !started.ok()) return started;
  }
  return StopsFirst(work) ? ExpandStop(index) : absl::OkStatus();
}

absl::Status Transaction::Need(size_t index, LinkKind kind) {
  const Unit& unit = *jobs_[index].unit;
  const bool must = jobs_[index].must;
  for (Unit* other : unit.links().of(kind)) {
    if (!RunsHere(*other) || Settled(*other)) continue;
    if (!other->loaded()) {
      if (must) return NotLoaded(unit, *other);
      jobs_[index].work = Work::kVerify;  // wanted only, and it cannot be had
      return absl::OkStatus();
    }
    absl::Status put =
        Put({other, Work::kStart, must, false, {Cause::Kind::kDependency, unit.name(), ""}});
    if (!put.ok()) return put;
  }
  return absl::OkStatus();
}

absl::Status Transaction::Want(size_t index, LinkKind kind, Work work, bool must) {
  const Unit& unit = *jobs_[index].unit;
  for (Unit* other : unit.links().of(kind)) {
    if (!RunsHere(*other)) continue;
    if (work == Work::kStart && (!other->loaded() || Settled(*other))) continue;
    const bool idle = other->at_rest() && other->job() == nullptr && Planned(*other) == nullptr;
    if (StopsFirst(work) && idle) continue;
    absl::Status put = Put({other, work, must, false, {Cause::Kind::kDependency, unit.name(), ""}});
    if (!put.ok()) return put;
  }
  return absl::OkStatus();
}

absl::Status Transaction::ExpandStart(size_t index) {
  const Unit& unit = *jobs_[index].unit;
  const bool must = jobs_[index].must;
  for (const Unit* other : unit.links().of(LinkKind::kRequisite)) {
    if (!RunsHere(*other) || other->is_up()) continue;
    if (!must) {
      jobs_[index].work = Work::kVerify;  // wanted only, and it cannot be had
      return absl::OkStatus();
    }
    return Error(absl::StatusCode::kFailedPrecondition, "REQUISITE_INACTIVE",
                 absl::StrCat(unit.name(), " wants ", other->name(), " to be active already"),
                 {{"unit", unit.name()}, {"dependency", other->name()}});
  }
  for (LinkKind kind : {LinkKind::kRequires, LinkKind::kBindsTo}) {
    if (absl::Status needed = Need(index, kind); !needed.ok()) return needed;
  }
  if (absl::Status put = Want(index, LinkKind::kWants, Work::kStart, false); !put.ok()) return put;
  absl::Status put = Want(index, LinkKind::kConflicts, Work::kStop, must);
  if (!put.ok()) return put;
  return Want(index, LinkKind::kConflictedBy, Work::kStop, false);
}

absl::Status Transaction::ExpandStop(size_t index) {
  const Unit& unit = *jobs_[index].unit;
  const Cause cause{Cause::Kind::kDependency, unit.name(), ""};
  const bool restarts = jobs_[index].work == Work::kRestart;
  const Work work = restarts ? Work::kRestart : Work::kStop;
  for (LinkKind kind :
       {LinkKind::kRequiredBy, LinkKind::kRequisiteOf, LinkKind::kBoundBy, LinkKind::kConsistsOf}) {
    for (Unit* other : unit.links().of(kind)) {
      if (!StopsToo(*other, unit, restarts)) continue;
      absl::Status put = Put({other, work, jobs_[index].must, false, cause});
      if (!put.ok()) return put;
    }
  }
  return restarts ? RestartTriggered(index) : absl::OkStatus();
}

absl::Status Transaction::RestartTriggered(size_t index) {
  const Unit& unit = *jobs_[index].unit;
  const Cause cause{Cause::Kind::kDependency, unit.name(), ""};
  for (Unit* service : unit.links().of(LinkKind::kTriggers)) {
    if (service->at_rest()) continue;
    absl::Status put = Put({service, Work::kRestart, jobs_[index].must, false, cause});
    if (!put.ok()) return put;
  }
  return absl::OkStatus();
}

// ---- circles ----

std::optional<Work> Transaction::WorkOf(const Unit& unit, Phase phase) const {
  const PlannedJob* planned = Planned(unit);
  if (planned == nullptr && unit.job() == nullptr) return std::nullopt;
  const Work work = planned != nullptr ? planned->work : unit.job()->work;
  return work == Work::kRestart && phase == Phase::kLater ? Work::kStart : work;
}

std::vector<Unit*> Transaction::WaitsFor(const Unit& unit, Phase phase) const {
  std::vector<Unit*> others;
  const PlannedJob* planned = Planned(unit);
  const bool unordered =
      planned != nullptr ? planned->unordered : unit.job() == nullptr || unit.job()->unordered;
  if (unordered) return others;
  const Work mine = *WorkOf(unit, phase);
  for (Unit* other : unit.links().of(LinkKind::kAfter)) {
    if (WorkOf(*other, phase) && WaitsForEarlier(mine)) others.push_back(other);
  }
  for (Unit* other : unit.links().of(LinkKind::kBefore)) {
    const std::optional<Work> theirs = WorkOf(*other, phase);
    if (theirs && WaitsForLater(*theirs)) others.push_back(other);
  }
  return others;
}

std::vector<Unit*> Transaction::CircleFrom(Unit& start, Phase phase, UnitSet& seen) const {
  std::vector<Step> path;
  if (seen.insert(&start).second) path.push_back({&start, WaitsFor(start, phase)});
  while (!path.empty()) {
    Unit* const next = TakeNext(path.back());
    if (next == nullptr) {
      path.pop_back();
    } else if (seen.insert(next).second) {
      path.push_back({next, WaitsFor(*next, phase)});
    } else if (std::vector<Unit*> circle = CircleAt(next, path); !circle.empty()) {
      return circle;
    }
  }
  return {};
}

std::vector<Unit*> Transaction::FindCircle(Phase phase) const {
  UnitSet seen;
  for (const PlannedJob& job : jobs_) {
    std::vector<Unit*> circle = CircleFrom(*job.unit, phase, seen);
    if (!circle.empty()) return circle;
  }
  return {};
}

bool Transaction::CutCircle(Phase phase) {
  const std::vector<Unit*> circle = FindCircle(phase);
  if (circle.empty()) return false;
  // The last one that may be left out, else the last of ours: it then waits for nobody.
  PlannedJob* cut = nullptr;
  std::string names;
  for (Unit* unit : circle) {
    absl::StrAppend(&names, names.empty() ? "" : " -> ", unit->name());
    const auto found = index_.find(unit);
    if (found == index_.end()) continue;
    PlannedJob& job = jobs_[found->second];
    if (cut == nullptr || !job.must || cut->must) cut = &job;
  }
  if (cut == nullptr) return false;
  cut->unordered = true;
  warnings_.push_back(absl::StrCat("ordering circle ", names, " -> ", circle.front()->name(),
                                   ": cut at ", cut->unit->name()));
  return true;
}

Plan Transaction::Take() {
  // Most transactions are one job: nothing to walk. A shutdown keeps the order of stops, so that
  // its circles are cut too.
  const bool alone = jobs_.size() == 1 && jobs_[0].unit->links().of(LinkKind::kAfter).empty();
  for (const Phase phase : {Phase::kFirst, Phase::kLater}) {
    for (size_t cuts = 0; !alone && cuts < jobs_.size() && CutCircle(phase); ++cuts) {
    }
  }
  return {std::move(jobs_), std::move(warnings_)};
}

}  // namespace socketd
