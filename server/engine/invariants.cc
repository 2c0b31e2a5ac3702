#include "server/engine/invariants.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/engine/service_machine.h"
#include "server/engine/socket_machine.h"

namespace socketd {
namespace {

// Steps that are not counted in a stop's time-outs (a killed process's end to arrive), each short.
constexpr absl::Duration kStopSlack = absl::Seconds(1);

template <typename Row>
bool IsCellOf(const Table<Row>& table, const Change& change) {
  const Row* from = nullptr;
  const Row* to = nullptr;
  for (const Row& row : table) {
    if (NameOf(row.state) == change.from) from = &row;
    if (NameOf(row.state) == change.to) to = &row;
  }
  return from != nullptr && to != nullptr && Leads(table, from->state, to->state);
}

// A cell of its unit's table, or a unit made or gone.
bool IsCell(const Change& change) {
  if (change.from.empty() || change.to.empty()) return true;
  // Only the definition changed.
  const bool told =
      change.cause.kind == Cause::Kind::kDaemon || change.cause.kind == Cause::Kind::kRequest;
  if (change.from == change.to && told) return true;
  if (absl::EndsWith(change.unit, ".socket")) return IsCellOf(kSocketMachine, change);
  if (absl::EndsWith(change.unit, ".service")) return IsCellOf(kServiceMachine, change);
  return change.from != change.to;
}

}  // namespace

void Invariants::Broken(const Unit& unit, int number, absl::string_view what) {
  broken_.push_back(absl::StrCat(unit.name(), " (", std::string(unit.sub_state()), "): invariant ",
                                 number, ": ", what));
}

void Invariants::CheckVitals(const Unit& unit, const Vitals& vitals) {
  if (vitals.ports_shut && vitals.ports_open > 0) Broken(unit, 1, "ports are open");
  if (!vitals.watches && vitals.ports_armed > 0) Broken(unit, 2, "ports are watched");
  const bool silent = vitals.watches && vitals.ports_armed < vitals.ports_open;
  if (silent && !vitals.backing_off && !unit.stop_pending()) {
    Broken(unit, 7, "a port is open and nobody watches it");
  }
  const size_t deadlines = vitals.timed && vitals.times_out ? 1 : 0;
  if (vitals.deadlines != deadlines) {
    Broken(unit, 3, absl::StrCat("there are ", vitals.deadlines, " deadlines"));
  }
  if (vitals.command && vitals.control_children != 1) {
    Broken(unit, 3, absl::StrCat("there are ", vitals.control_children, " control processes"));
  }
}

void Invariants::CheckRest(const Unit& unit, const Vitals& vitals) {
  if (!vitals.at_rest) return;
  if (vitals.control_children + vitals.main_children > 0) Broken(unit, 5, "a process is held");
  if (vitals.group) Broken(unit, 5, "a control group is held");
  if (unit.log().open()) Broken(unit, 5, "a log pipe is held");
}

void Invariants::CheckStop(const Unit& unit, const Vitals& vitals, Instant now) {
  const bool stopping = unit.active_state() == ActiveState::kDeactivating;
  if (!stopping) {
    stops_.erase(unit.name());
    return;
  }
  const Stop fresh{now, vitals.longest_stop + kStopSlack, unit.invocation_id()};
  const auto [stop, begun] = stops_.try_emplace(unit.name(), fresh);
  if (stop->second.run != fresh.run) stop->second = fresh;
  if (begun || stop->second.allowed == absl::InfiniteDuration()) return;
  if (now - stop->second.since > stop->second.allowed) {
    Broken(unit, 6,
           absl::StrCat("stopping takes longer than ", absl::FormatDuration(stop->second.allowed)));
  }
}

void Invariants::CheckTraffic(const Unit& unit) {
  // A socket that is running without a service that runs or is to run would wait for ever.
  if (unit.type() != UnitType::kSocket || unit.sub_state() != "running") return;
  for (const Unit* service : unit.links().of(LinkKind::kTriggers)) {
    if (service->at_rest() && service->job() == nullptr) {
      Broken(unit, 7, absl::StrCat(service->name(), " is at rest and has no job"));
    }
  }
}

void Invariants::CheckUnit(const Unit& unit, Instant now) {
  const Vitals vitals = unit.vitals();
  CheckVitals(unit, vitals);
  CheckRest(unit, vitals);
  CheckStop(unit, vitals, now);
  if (!engine_.settled()) return;
  if (vitals.store_is_over) Broken(unit, 5, "descriptors of the service are held");
  CheckTraffic(unit);
}

void Invariants::CheckHistory() {
  const History& history = engine_.history();
  std::vector<Change> changes;
  constexpr size_t kMany = 100000;
  if (!history.Read(seen_ + 1, kMany, changes)) seen_ = history.first_revision() - 1;
  for (const Change& change : changes) {
    const std::string where = absl::StrCat(change.unit, ", revision ", change.revision);
    if (change.revision != seen_ + 1) {
      broken_.push_back(absl::StrCat(where, ": invariant 4: a gap after ", seen_));
    }
    seen_ = change.revision;
    if (!IsCell(change)) {
      broken_.push_back(absl::StrCat(where, ": invariant 4: no such move: ",
                                     std::string(change.from), " to ", std::string(change.to)));
    }
    const auto known = states_.find(change.unit);
    if (known != states_.end() && !change.from.empty() && known->second != change.from) {
      broken_.push_back(absl::StrCat(where, ": invariant 4: it was ", known->second, ", not ",
                                     std::string(change.from)));
    }
    states_[change.unit] = std::string(change.to);
    if (change.to.empty()) states_.erase(change.unit);
  }
}

std::vector<std::string> Invariants::Check(Instant now) {
  broken_.clear();
  for (const Unit* unit : engine_.table().All())
    CheckUnit(*unit, now);
  CheckHistory();
  return std::move(broken_);
}

}  // namespace socketd
