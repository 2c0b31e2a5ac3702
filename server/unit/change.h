// One move of one unit, as history keeps it and watchers get it, and why it happened.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/unit/unit_state.h"

namespace socketd {

// Why a unit moved. Every change has a cause.
struct Cause {
  // Numbered as socketd.v1.Cause.Kind.
  enum class Kind : uint8_t {
    kRequest = 1,    // an RPC; detail: who
    kTraffic,        // at socket unit `unit`; detail: the peer if known
    kDependency,     // unit `unit` pulled it in or took it down
    kProcess,        // a process ended; detail: how
    kTimeout,        // a step took too long
    kRestartPolicy,  // Restart=
    kLimit,          // detail: which
    kNotification,   // detail: READY, STOPPING, ...
    kFailure,        // of the system; detail: what
    kDaemon,         // socketd started, reloaded or stopped
    kStep,           // the step before ended well, or had nothing to do
    kCondition,      // a condition or an assertion is not met; detail: which
  };
  Kind kind = Kind::kStep;
  std::string unit;
  std::string detail;
};

// "traffic", "restart-policy", ...
absl::string_view NameOf(Cause::Kind kind);

struct Change {
  int64_t revision = 0;  // of all units, from 1, without a gap
  absl::Time time;
  std::string unit;
  absl::string_view from;  // state names have static storage; "" : the unit was created
  absl::string_view to;    // "" : the unit was deleted
  ActiveState active_state = ActiveState::kInactive;
  Result result = Result::kSuccess;
  Cause cause;
};

}  // namespace socketd
