// What all units share: name, definition, result, one job slot, links, clocks, log. A unit's type
// is a table (socket_machine.h, service_machine.h) and the meaning of its waits; the few virtuals
// below are all that the engine needs to know of it. Owned by the engine; engine thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/engine/definition.h"
#include "server/engine/job.h"
#include "server/engine/links.h"
#include "server/engine/machine.h"
#include "server/engine/rate_limit.h"
#include "server/engine/unit_host.h"
#include "server/engine/unit_log.h"
#include "server/loop/event_loop.h"
#include "server/unit/snapshot.h"
#include "server/unit/unit_name.h"

namespace socketd {

namespace remembered {
class Unit;
}

// What a unit can be told. kReset: forget a failure. kPause: start nothing until kResume.
enum class Verb : uint8_t { kStart, kStop, kReload, kReset, kPause, kResume };

// What a unit holds right now, for the invariants (invariants.h).
struct Vitals {
  bool at_rest = true;       // dead or failed
  bool ports_shut = false;   // the state's row says kShut
  bool watches = false;      // the state's wait is traffic
  bool timed = false;        // the state's wait has a `late` cell
  bool times_out = false;    // and its time-out is not infinite
  bool command = false;      // the state's wait is a command
  bool backing_off = false;  // accepting pauses for a shortage
  size_t ports_open = 0;
  size_t ports_armed = 0;
  size_t deadlines = 0;
  size_t control_children = 0;
  size_t main_children = 0;
  bool group = false;
  bool store_is_over = false;   // it keeps descriptors that nobody is to get back
  absl::Duration longest_stop;  // the sum of the time-outs from a stop to rest; may be infinite
};

// How one command went last, for the dump.
struct CommandRecord {
  const v1::Command* command = nullptr;
  int pid = 0;
  absl::Time started = absl::InfinitePast();
  absl::Time ended = absl::InfinitePast();
  std::string end;  // "exited, status 0"
};

class Unit : public Subscriber {
 public:
  Unit(UnitHost& host, UnitName name, DefinitionPtr definition);
  virtual ~Unit();
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  // ---- what types of units differ in (besides Subscriber::OnEvent) ----

  // OK: it is done or under way. UNAVAILABLE (TRY_AGAIN): not now; ask again after the unit's next
  // move. Anything else: refused, and nothing has changed.
  virtual absl::Status Ask(Verb verb, const Cause& cause) = 0;
  // `other`, which this unit triggers, moved or lost its job; or this unit's own job ended.
  virtual void OnOther(Unit& other) = 0;
  // Fills in what only this type of unit knows.
  virtual void Show(UnitSnapshot& snapshot) const = 0;
  virtual Vitals vitals() const = 0;
  // Waits to start again by itself.
  virtual bool restarting() const { return false; }

  // ---- what the next daemon has to know, should this one end now (unit_memory.cc) ----

  void Remember(remembered::Unit& record) const;
  // Takes up what the daemon before has remembered, without a word to anybody; `last` is the unit's
  // last change, if it is younger than the record. False: it cannot be, and the unit is at rest.
  bool Recall(remembered::Unit& record, const Change* last);
  // Takes up the wait of its state, when all units have recalled theirs.
  virtual void Resume(const remembered::Unit& record) = 0;

  // ---- what is the same for all ----

  const UnitName& unit_name() const { return name_; }
  const std::string& name() const { return name_.text(); }
  UnitType type() const { return name_.type(); }
  UnitHost& host() const { return host_; }

  ActiveState active_state() const { return active_state_; }
  absl::string_view sub_state() const { return sub_state_; }
  bool at_rest() const { return AtRest(active_state_); }
  // Active, or on its way up.
  bool is_up() const { return !at_rest() && active_state_ != ActiveState::kDeactivating; }
  Result result() const { return result_; }
  const Cause& cause() const { return cause_; }
  int64_t revision() const { return revision_; }
  const std::string& invocation_id() const { return invocation_id_; }
  // Whose traffic began the run; empty: nobody's.
  const std::string& trigger() const { return trigger_; }
  bool loaded() const { return definition_->loaded.state == LoadState::kLoaded; }

  // Never null: a unit that no file has, and others name, has one that says so.
  const DefinitionPtr& definition() const { return definition_; }
  // Takes effect at the next start; shown at once.
  void Redefine(DefinitionPtr definition);
  // Its files are not what they were when the definition was read.
  void set_source_changed(bool changed);

  Links& links() { return links_; }
  const Links& links() const { return links_; }

  Job* job() { return job_.get(); }
  const Job* job() const { return job_.get(); }
  std::unique_ptr<Job>& job_slot() { return job_; }
  // The unit is to start as soon as it is at rest.
  bool start_pending() const {
    return job_ != nullptr && (job_->starts() || job_->work == Work::kRestart);
  }
  // A stop is waiting or under way: nothing new may begin.
  bool stop_pending() const { return job_ != nullptr && job_->stops(); }

  UnitLog& log() { return log_; }
  const UnitLog& log() const { return log_; }
  RateWindow& starts() { return starts_; }
  // How often a start was one too many.
  uint64_t refused_starts() const { return refused_starts_; }

  // Everything others may see of the unit, at this moment.
  UnitSnapshotPtr Snapshot() const;

  // Flags that the engine's queues keep on their members.
  struct Marks {
    bool dirty = false;     // to be published
    bool moved = false;     // others are to hear of a move
    bool doomed = false;    // to be collected once at rest
    bool resting = true;    // counted as at rest
    bool rested = false;    // came to rest since others heard of it
    bool failed = false;    // and with a failure
    bool instance = false;  // made for one connection
  };
  Marks marks;

  // What the system refused last in this run; OK if nothing.
  const absl::Status& failure() const { return failure_; }
  void set_failure(const absl::Status& failure) { failure_ = failure; }

  // Null: the command has not run since its definition was loaded.
  const CommandRecord* record(const v1::Command& command) const;
  void OnCommandBegun(const v1::Command& command, int pid);
  void OnCommandEnded(const v1::Command& command, const std::string& end);

  // The unit's definition is gone and others still name it: as if it had never run.
  void Forget();

  // Counts a start against the start limit; what is too much is RESOURCE_EXHAUSTED and the result.
  absl::Status AdmitStart();

  // Looks at the conditions and assertions of the definition, before a start. FAILED_PRECONDITION:
  // CONDITION_NOT_MET (see IsSkip) or ASSERTION_FAILED; nothing else has changed then.
  absl::Status CheckStart();
  // How they were found; null where there are none, or no start has come to them.
  const std::shared_ptr<const StartCheck>& start_check() const { return start_check_; }
  // How often a start came to nothing because of them.
  uint64_t skipped_starts() const { return skipped_starts_; }
  // "not started: ConditionPathExists=/x is not met" for a unit that rests because of that; else
  // empty.
  std::string SkipNotice() const;

 protected:
  struct Moved {
    absl::string_view from, to;
    ActiveState active = ActiveState::kInactive;
  };
  // The one place where a unit's state becomes known: history, log, clocks, everybody who cares.
  void Record(const Moved& moved);

  // Forgets the last run's result and names the new run.
  void BeginRun(const Cause& cause);
  // The first failure wins; the cause is the ending's.
  void Note(const Ending& ending);
  void set_cause(Cause cause) { cause_ = std::move(cause); }
  void ClearResult() { result_ = Result::kSuccess; }
  bool failed() const { return result_ != Result::kSuccess; }

  // What only this type of unit remembers; the state that it is in, or none.
  virtual void RememberMore(remembered::Unit& record) const = 0;
  virtual std::optional<ActiveState> RecallMore(const remembered::Unit& record) = 0;

  UnitHost& host_;

 private:
  const UnitName name_;
  DefinitionPtr definition_;
  Links links_;
  std::unique_ptr<Job> job_;
  UnitLog log_;
  RateWindow starts_;
  uint64_t refused_starts_ = 0;
  std::shared_ptr<const StartCheck> start_check_;
  uint64_t skipped_starts_ = 0;

  ActiveState active_state_ = ActiveState::kInactive;
  absl::string_view sub_state_;
  bool source_changed_ = false;
  Result result_ = Result::kSuccess;
  absl::Status failure_;
  std::vector<CommandRecord> records_;  // at most one a command of the definition
  Cause cause_;
  int64_t revision_ = 0;
  absl::Time changed_ = absl::InfinitePast();
  absl::Time active_since_ = absl::InfinitePast();
  absl::Time inactive_since_ = absl::InfinitePast();
  std::string invocation_id_;
  std::string trigger_;
};

// The refusal to pause or resume what has no traffic to hold back.
absl::Status NotASocket(const Unit& unit);
// The refusal of a verb that has to wait for the unit's next move.
absl::Status TryAgain(const Unit& unit);
bool IsTryAgain(const absl::Status& status);
// A condition is not met: the start is done without having begun, which is no failure.
bool IsSkip(const absl::Status& status);

}  // namespace socketd
