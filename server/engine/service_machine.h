// The service machine: one row a state, as socket_machine.h. The types of services (simple, exec,
// oneshot, forking, notify) differ only in what the wait of `start` means. A restart is a state
// that waits for a delay. What each wait means is service_unit.cc's.
#pragma once

#include <array>
#include <cstdint>

#include "server/engine/machine.h"
#include "server/unit/unit_state.h"

namespace socketd {

enum class ServiceAwait : uint8_t {
  kNothing,
  kExecPre,   // the ExecStartPre= commands
  kReady,     // what Type= says: spawned, exec'd, ended well, forked, or READY=1
  kExecPost,  // the ExecStartPost= commands
  kMainEnd,   // the main process to end, or without one the last of the group
  kStay,      // nothing but a stop: RemainAfterExit=
  kReloaded,  // the ExecReload= commands, or READY=1 after the reload signal
  kExecStop,  // the ExecStop= commands
  kSigterm,   // processes to end after KillSignal=
  kSigkill,   // processes to end after SIGKILL
  kExecEnd,   // the ExecStopPost= commands
  kDelay,     // RestartSec= to pass, if Restart= says so and nobody wants a stop
};

struct ServiceRow {
  ServiceState state;
  ServiceAwait awaits;
  ServiceState done, failed, late, skip;  // where each end of that wait leads
  ServiceState stop, reload;              // where a request leads
};

// Moves by `failed` and `late` mark the unit with the ending's result (a failed reload has none),
// and a marked unit comes to rest in kFailed instead of kDead. `skip` is taken when there is
// nothing to wait for. A service that says STOPPING=1 leaves kRunning by `failed`, unmarked.
constexpr Table<ServiceRow> ServiceMachine() {
  using enum ServiceState;
  using enum ServiceAwait;
  constexpr ServiceState kRestart = kAutoRestart;
  // clang-format off
  return {{
  // state       awaits     done        failed      late        skip        stop       reload
    {kDead,      kNothing,  kNever,     kNever,     kNever,     kNever,     kNever,    kNever },
    {kStartPre,  kExecPre,  kStart,     kStopTerm,  kStopTerm,  kStart,     kStopTerm, kNever },
    {kStart,     kReady,    kStartPost, kStopTerm,  kStopTerm,  kNever,     kStopTerm, kNever },
    {kStartPost, kExecPost, kRunning,   kStopTerm,  kStopTerm,  kRunning,   kStopTerm, kNever },
    {kRunning,   kMainEnd,  kExited,    kStopTerm,  kNever,     kExited,    kStop,     kReload},
    {kExited,    kStay,     kNever,     kNever,     kNever,     kStop,      kStop,     kReload},
    {kReload,    kReloaded, kRunning,   kRunning,   kRunning,   kNever,     kStopTerm, kNever },
    {kStop,      kExecStop, kStopTerm,  kStopTerm,  kStopTerm,  kStopTerm,  kNever,    kNever },
    {kStopTerm,  kSigterm,  kStopPost,  kStopKill,  kStopKill,  kStopKill,  kNever,    kNever },
    {kStopKill,  kSigkill,  kStopPost,  kStopPost,  kStopPost,  kStopPost,  kNever,    kNever },
    {kStopPost,  kExecEnd,  kFinalTerm, kFinalTerm, kFinalTerm, kFinalTerm, kNever,    kNever },
    {kFinalTerm, kSigterm,  kRestart,   kFinalKill, kFinalKill, kFinalKill, kNever,    kNever },
    {kFinalKill, kSigkill,  kRestart,   kRestart,   kRestart,   kRestart,   kNever,    kNever },
    {kRestart,   kDelay,    kStartPre,  kDead,      kNever,     kDead,      kDead,     kNever },
    {kFailed,    kNothing,  kNever,     kNever,     kNever,     kNever,     kNever,    kNever },
  }};
  // clang-format on
}

constexpr bool Rests(ServiceAwait wait) {
  return wait == ServiceAwait::kNothing;
}
constexpr bool SkippedByStop(ServiceAwait wait) {
  return wait == ServiceAwait::kDelay;
}
constexpr Endings EndingsOf(ServiceAwait wait) {
  switch (wait) {
    case ServiceAwait::kNothing:
      return kNoEnding;
    case ServiceAwait::kReady:     // a start is always seen
    case ServiceAwait::kReloaded:  // asked for only where there is something to wait for
      return {.done = true, .failed = true, .late = true};
    case ServiceAwait::kStay:
      return {.skip = true};
    case ServiceAwait::kMainEnd:
    case ServiceAwait::kDelay:
      return {.done = true, .failed = true, .skip = true};
    default:
      return kTimedEndings;
  }
}
constexpr ServiceState StartOf(const ServiceRow&) {
  return ServiceState::kStartPre;
}
constexpr std::array<ServiceState, 6> CellsOf(const ServiceRow& row) {
  return {row.done, row.failed, row.late, row.skip, row.stop, row.reload};
}

// Only an active service can be told to reload, and a reload can be refused nowhere else.
constexpr bool ReloadsFit(const Table<ServiceRow>& table) {
  for (const ServiceRow& row : table) {
    const bool active = (row.awaits == ServiceAwait::kMainEnd || row.awaits == ServiceAwait::kStay);
    if ((row.reload != ServiceState::kNever) != active) return false;
    if (active && table[IndexOf(row.reload)].awaits != ServiceAwait::kReloaded) return false;
  }
  return true;
}

constexpr bool Proven(const Table<ServiceRow>& table) {
  return RowsInOrder(table) && CellsFitTheirAwait(table) && ReloadsFit(table) &&
         EveryStopSettles(table) && EveryStateCanStop(table) && EveryStateReachable(table);
}

inline constexpr Table<ServiceRow> kServiceMachine = ServiceMachine();
static_assert(Proven(kServiceMachine));

}  // namespace socketd
