// What the engine remembers beyond the daemon's end, and how it goes on from there: first all units
// as they were, then their jobs, then what each was waiting for. What changed while nobody was
// there is a change of its own, with its cause.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/engine/engine_core.h"
#include "server/engine/remembered.h"

namespace socketd {
namespace {

bool IsInstance(const remembered::Unit& record) {
  return record.has_service() && !record.service().origin().empty();
}

}  // namespace

int64_t EngineCore::Append(Change change) {
  change.revision = history_.last_revision() + 1;
  memory_.Append(change);
  return history_.Append(std::move(change));
}

// A unit that never moved is as its file says.
void EngineCore::Remember(const Unit& unit) {
  if (!memory_.kept()) return;
  if (unit.revision() == 0 && unit.job() == nullptr && unit.at_rest() && !unit.marks.instance &&
      unit.refused_starts() == 0) {
    return;
  }
  record_.Clear();
  record_.set_seen(history_.last_revision());
  unit.Remember(record_);
  for (const Child& child : ended_)
    record_.add_ended(child.pid());
  memory_.Put(record_);
}

bool EngineCore::IsTold(const Unit& unit) {
  const bool lasts = unit.at_rest() || unit.sub_state() == NameOf(ServiceState::kRunning);
  return unit.marks.instance && lasts && unit.job() == nullptr;
}

void EngineCore::ForgetUnit(const std::string& name) {
  record_.Clear();
  record_.set_name(name);
  record_.set_gone(true);
  memory_.Put(record_);
}

// Null: it cannot go on as what it was. `last` is its last change.
Unit* EngineCore::RecallUnit(remembered::Unit& record, const Change* last) {
  if (last != nullptr && last->to.empty()) return nullptr;  // deleted
  const bool instance = IsInstance(record);
  Unit* const unit = instance ? table_.RecallInstance(record) : table_.Load(record.name());
  if (unit == nullptr) return nullptr;
  const bool moved = last != nullptr && last->revision > record.seen();
  const bool there = unit->loaded() || unit->definition()->loaded.state != LoadState::kNotFound;
  const bool recalled =
      there && unit->name() == record.name() && unit->Recall(record, moved ? last : nullptr);
  OnChanged(*unit);
  if (!recalled) return nullptr;
  if (!unit->at_rest()) ++busy_;
  unit->marks.resting = unit->at_rest();
  if (instance) static_cast<ServiceUnit*>(unit)->origin()->OnInstanceMade();
  if (unit->sub_state() == NameOf(SocketState::kDeferred)) deferred_.push_back(unit);
  return unit;
}

void EngineCore::RecallJobs(const Recalled& recalled) {
  Plan plan;
  for (const auto& [unit, record] : recalled) {
    const std::optional<Work> work = WorkOf(record.job().work());
    if (!record.has_job() || !work.has_value()) continue;
    plan.jobs.push_back(
        {unit, *work, true, record.job().unordered(), CauseOf(record.job().cause())});
  }
  const absl::Status installed = queue_.Install(plan, JobMode::kReplace);
  if (!installed.ok()) LogFailure(Level::kWarning, "recall.jobs", installed);
  for (const auto& [unit, record] : recalled) {
    // What it was told it is doing, or about to do; else it is told again.
    const bool does = !unit->at_rest() || !record.heading().empty();
    if (Job* const job = unit->job()) job->running = record.job().running() && does;
    unit->marks.moved = true;
    moved_.push_back(unit);
  }
}

bool EngineCore::Recall() {
  Memory::Past past = memory_.Recall(options_.history_capacity);
  absl::flat_hash_map<std::string, const Change*> last;
  for (const Change& change : past.changes)
    last[change.unit] = &change;
  AddUnrecorded(past.units, last);
  // Instances point to their sockets.
  std::stable_partition(past.units.begin(), past.units.end(),
                        [](const remembered::Unit& record) { return !IsInstance(record); });
  Recalled recalled;
  std::vector<std::string> lost;
  for (remembered::Unit& record : past.units) {
    const auto found = last.find(record.name());
    Unit* const unit = RecallUnit(record, found == last.end() ? nullptr : found->second);
    if (unit != nullptr) recalled.emplace_back(unit, std::move(record));
    if (unit == nullptr) lost.push_back(record.name());
  }
  const bool found = !past.units.empty() || !past.changes.empty();
  history_.Recall(past.changes);
  Correct(last);
  for (const std::string& name : lost)
    ForgetUnit(name);
  RecallJobs(recalled);
  // A service that was about to begin gets ports: those are open by then.
  std::stable_partition(recalled.begin(), recalled.end(),
                        [](const auto& one) { return one.first->type() == UnitType::kSocket; });
  for (const auto& [unit, record] : recalled) {
    const bool announced = record.revision() != 0 || last.contains(record.name());
    if (unit->marks.instance && !announced) Announce(*unit, News::kCreated, unit->cause());
    unit->Resume(record);
  }
  eased_ = true;
  loop_.kernel().EndTakeOver();
  loop_.kernel().Wake();
  if (found) Log(Level::kInfo, "daemon.recalled", {{"units", absl::StrCat(recalled.size())}});
  return past.served;
}

// What is said of units that are not what they were last seen as: their definition is gone, or the
// daemon ended before they were more than a name.
void EngineCore::Correct(const absl::flat_hash_map<std::string, const Change*>& last) {
  for (const auto& [name, change] : last) {
    const Unit* const unit = table_.Find(name);
    const bool there = unit != nullptr && Visible(*unit);
    const absl::string_view now = there ? unit->sub_state() : absl::string_view();
    if (change->to == now) continue;
    Change correction;
    correction.time = loop_.wall_now();
    correction.unit = name;
    correction.from = change->to;
    correction.to = now;
    if (there) correction.active_state = unit->active_state();
    correction.cause = {Cause::Kind::kDaemon, "", "could not go on as it was"};
    Append(std::move(correction));
  }
}

// Units that have moved for the first time and were not written yet.
void EngineCore::AddUnrecorded(std::vector<remembered::Unit>& units,
                               const absl::flat_hash_map<std::string, const Change*>& last) {
  absl::flat_hash_set<std::string> recorded;
  for (const remembered::Unit& record : units)
    recorded.insert(record.name());
  for (const auto& [name, change] : last) {
    if (change->to.empty() || recorded.contains(name)) continue;
    const Unit* const unit = table_.Load(name);
    if (unit == nullptr || !unit->loaded()) continue;
    remembered::Unit record;
    record.set_name(name);
    units.push_back(std::move(record));
  }
}

}  // namespace socketd
