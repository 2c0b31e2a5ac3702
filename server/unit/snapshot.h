// What other threads may see of units: immutable values, made on the engine thread and shared. A
// Board is all units at one revision; publishing a new one costs only what changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/unit/change.h"
#include "server/unit/unit_state.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

struct LogLine {
  absl::Time time;
  std::string text;  // valid UTF-8, without newline
};

struct ListenerSnapshot {
  std::string kind;     // "ListenStream"
  std::string address;  // as configured, specifiers expanded
  std::string bound;    // what the kernel says; empty: not open
};

// What a socket unit has seen since it was loaded. Every connection that it took from a queue was
// either accepted or refused for one reason.
struct SocketCounters {
  uint64_t accepted = 0;                 // an instance was made for it
  uint64_t refused_max_connections = 0;  // as many as MaxConnections= were there
  uint64_t refused_per_source = 0;       // as many of its source as MaxConnectionsPerSource= were
  uint64_t refused_stopping = 0;         // it waited when the unit or socketd stopped
  uint64_t refused_resources = 0;        // no instance could be made
  uint64_t failed = 0;                   // its instance came to a bad end
  uint64_t skipped = 0;                  // its instance was not started: a condition was not met
  uint64_t triggered = 0;                // traffic started the service or an instance
  uint64_t trigger_limit_hits = 0;       // nobody was refused for it
  uint64_t poll_limit_hits = 0;          // nor for this
  uint64_t coolings = 0;                 // moves to `cooling`

  uint64_t refused() const {
    return refused_max_connections + refused_per_source + refused_stopping + refused_resources;
  }
};

// The bad end of a connection's instance.
struct InstanceFailure {
  std::string unit;
  absl::Time time;
  Result result = Result::kSuccess;
  std::string detail;
};

struct SocketSnapshot {
  std::vector<ListenerSnapshot> listeners;  // file order
  uint32_t connections = 0;
  SocketCounters counters;
  std::shared_ptr<const std::vector<InstanceFailure>> failures;  // the last ones; null: none
  std::string skipped_detail;  // why the last instance was skipped; empty: none was
  std::string service;
};

// A descriptor that a service has left with us.
struct StoredDescriptor {
  std::string name;
  absl::string_view kind;  // "socket", "memfd", ...; static storage
};

struct ServiceSnapshot {
  int main_pid = 0;
  std::string status_text;
  uint32_t restarts = 0;
  std::string main_exit;
  size_t store_most = 0;
  std::shared_ptr<const std::vector<StoredDescriptor>> stored;  // newest first; null: none
};

// One condition or assertion as it was found: "ConditionPathExists=!/etc/web.off".
struct ConditionFinding {
  std::string directive;
  bool holds = false;
};

// How the conditions and assertions of a unit were found when it was last to be started. Assertions
// are only looked at where the conditions are met.
struct StartCheck {
  absl::Time time;
  bool conditions_met = true;
  bool assertions_met = true;
  std::string unmet;  // "ConditionPathExists=/etc/web.conf is not met"; empty: all are met
  std::vector<ConditionFinding> findings;
};

struct UnitSnapshot {
  std::string name;
  std::vector<std::string> aliases;
  std::shared_ptr<const v1::UnitDefinition> definition;  // as written; null if there is none
  std::string etag;
  int64_t revision = 0;  // of the unit's last change

  LoadState load_state = LoadState::kNotFound;
  std::string load_error;
  ActiveState active_state = ActiveState::kInactive;
  absl::string_view sub_state;  // static storage
  Result result = Result::kSuccess;
  absl::Time changed = absl::InfinitePast();  // InfinitePast: never
  absl::Time active_since = absl::InfinitePast();
  absl::Time inactive_since = absl::InfinitePast();
  Cause cause;
  int control_pid = 0;
  std::string job;  // "start", "stop", ...; empty: none
  std::vector<std::string> warnings;
  std::string fragment_path;
  std::vector<std::string> drop_in_paths;
  bool source_changed = false;
  std::string invocation_id;
  std::shared_ptr<const std::vector<LogLine>> log_lines;  // null: none
  std::vector<std::string> triggers;
  std::vector<std::string> triggered_by;
  std::shared_ptr<const StartCheck> start_check;  // null: nothing to look at, or not yet

  // By type; the other one is empty.
  SocketSnapshot socket;
  ServiceSnapshot service;
};

using UnitSnapshotPtr = std::shared_ptr<const UnitSnapshot>;

class Board {
 public:
  virtual ~Board() = default;

  // The last change that this board shows.
  virtual int64_t revision() const = 0;
  virtual size_t size() const = 0;
  // By name or alias; null if there is none.
  virtual UnitSnapshotPtr Find(absl::string_view name) const = 0;
  // At most `limit` units whose names come after `after`, sorted by name.
  virtual std::vector<UnitSnapshotPtr> After(absl::string_view after, size_t limit) const = 0;
};

using BoardPtr = std::shared_ptr<const Board>;

}  // namespace socketd
