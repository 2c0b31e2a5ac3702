// Which job may run now. Jobs are installed from a plan, wait for those that go first, run, and end
// exactly once. Every step looks only at the unit it is about and its neighbours in order: there is
// no loop over all jobs. Engine thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/engine/transaction.h"
#include "server/engine/unit.h"

namespace socketd {

class JobQueue {
 public:
  // `ended` hears of every job that ended, after its slot is free.
  explicit JobQueue(std::function<void(Unit&)> ended) : ended_(std::move(ended)) {}

  // Installs all jobs of a plan or none. Existing jobs are merged, or in replace mode ended with
  // ABORTED (JOB_REPLACED); in fail mode a contradiction is an error (JOB_CONFLICT).
  absl::Status Install(Plan& plan, JobMode mode);

  // Looks at the unit's job again as soon as possible.
  void Enqueue(Unit& unit);
  // Looks at the next one, which may run now or has to wait. Not when idle.
  void RunOne();
  bool idle() const { return ready_.empty(); }
  // How many there are, waiting or running.
  size_t jobs() const { return jobs_; }

  // The unit moved: its job may be done.
  void Progress(Unit& unit);
  // Ends the unit's job, if it has one.
  void Finish(Unit& unit, const absl::Status& status);

 private:
  void Put(PlannedJob& planned, JobMode mode);
  // The unit's job has ended or begins anew: whoever waited for it is looked at again.
  void LookAtNeighbours(Unit& unit);
  void Execute(Unit& unit);
  absl::Status Begin(Unit& unit);
  static absl::Status BeginStart(Unit& unit, const Cause& cause);
  static bool Blocked(const Unit& unit);
  void FailDependents(Unit& unit);

  std::function<void(Unit&)> ended_;
  std::deque<Unit*> ready_;
  size_t jobs_ = 0;
};

}  // namespace socketd
