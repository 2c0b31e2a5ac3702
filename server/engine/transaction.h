// From one wish to the set of jobs that it takes: what is required and wanted is started too, what
// conflicts is stopped, what needs a unit that stops is stopped with it. Wishes for one unit merge
// (job.h). Ordering circles are cut in bounded steps and said aloud. Nothing is changed here: the
// job queue installs the outcome. Engine thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"

#include "server/engine/job.h"
#include "server/engine/unit.h"

namespace socketd {

struct PlannedJob {
  Unit* unit = nullptr;
  Work work = Work::kStart;
  bool must = true;        // else it may be left out
  bool unordered = false;  // an ordering circle was cut here
  Cause cause;
};

struct Plan {
  std::vector<PlannedJob> jobs;  // the wish first
  std::vector<std::string> warnings;
};

// Jobs of one transaction: as many as there may be units (EngineOptions::unit_limit).
inline constexpr size_t kTransactionLimit = 65536;

class Transaction {
 public:
  explicit Transaction(JobMode mode) : mode_(mode) {}

  // Adds a wish with all that it takes. May be called for several (shutdown).
  absl::Status Add(Unit& unit, Work work, const Cause& cause);

  // Cuts circles and gives the outcome.
  Plan Take();

 private:
  absl::Status Put(PlannedJob job);
  absl::Status Expand(size_t index);
  absl::Status ExpandStart(size_t index);
  absl::Status ExpandStop(size_t index);
  // A socket does not come back to a service that holds copies of its old ports.
  absl::Status RestartTriggered(size_t index);
  absl::Status Need(size_t index, LinkKind kind);
  absl::Status Want(size_t index, LinkKind kind, Work work, bool must);
  // A restart is a stop at first and a start later; each can close a circle of its own.
  enum class Phase : uint8_t { kFirst, kLater };
  bool CutCircle(Phase phase);
  std::vector<Unit*> FindCircle(Phase phase) const;
  // Walks in depth without recursion; each unit is entered once, from wherever it is reached first.
  using UnitSet = absl::flat_hash_set<const Unit*>;
  std::vector<Unit*> CircleFrom(Unit& start, Phase phase, UnitSet& seen) const;
  const PlannedJob* Planned(const Unit& unit) const;
  std::optional<Work> WorkOf(const Unit& unit, Phase phase) const;
  std::vector<Unit*> WaitsFor(const Unit& unit, Phase phase) const;

  const JobMode mode_;
  std::vector<PlannedJob> jobs_;
  absl::flat_hash_map<const Unit*, size_t> index_;
  std::vector<std::string> warnings_;
};

// Whether work waits for that of a unit that is ordered before it, or after it: a stop goes first
// whatever the order, two stops go against it, everything else along it.
constexpr bool StopsFirst(Work work) {
  return work == Work::kStop || work == Work::kRestart;
}
constexpr bool WaitsForEarlier(Work mine) {
  return !StopsFirst(mine);
}
constexpr bool WaitsForLater(Work theirs) {
  return StopsFirst(theirs);
}

}  // namespace socketd
