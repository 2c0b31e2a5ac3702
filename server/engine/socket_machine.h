// The socket machine: one row a state. Every state waits for exactly one thing; the columns say
// where each end of that wait leads, and where a stop leads. What a wait means is socket_unit.cc's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/engine/machine.h"
#include "server/unit/unit_state.h"

namespace socketd {

enum class Ports : uint8_t { kShut, kKept };

enum class SocketAwait : uint8_t {
  kNothing,
  kExecPre,      // the ExecStartPre= commands
  kOpening,      // owners to be looked up, then all ports open
  kExecPost,     // the ExecStartPost= commands
  kTraffic,      // somebody at a port
  kServiceEnd,   // the triggered service to be at rest, without a job
  kDeferral,     // what the service's start would stop to come to rest
  kCoolDown,     // a time to pass, after more came than a limit allows
  kResume,       // an operator to say that it may go on
  kExecStopPre,  // the ExecStopPre= commands
  kSigterm,      // processes to end after KillSignal=
  kSigkill,      // processes to end after SIGKILL
  kExecEnd,      // the ExecStopPost= commands
};

struct SocketRow {
  SocketState state;
  Ports ports;
  SocketAwait awaits;                          // what a state keeps, and what it waits for
  SocketState done, failed, late, skip, stop;  // where each end of that wait leads
  SocketState over = SocketState::kNever;      // and more than a limit allows, where there is one
  SocketState pause = SocketState::kNever;     // where an operator's pause leads
};

// A move by `failed` or `late` marks the unit with a result, and a marked unit comes to rest in
// kFailed instead of kDead. `skip` is taken when there is nothing to wait for: no command is
// configured, or nobody is left to signal. A signal that could not be sent is followed by the
// stronger one. `over` is no failure: what came beyond a limit stays queued in the kernel. Entering
// a kShut state closes the ports.

constexpr Table<SocketRow> SocketMachine() {
  using enum SocketState;
  using enum Ports;
  using enum SocketAwait;
  // clang-format off
  return {{
  // state       ports  awaits        done        failed      late        skip        stop
  //   over      pause
    {kDead,      kShut, kNothing,     kNever,     kNever,     kNever,     kNever,     kNever   },
    {kStartPre,  kShut, kExecPre,     kStartOpen, kFinalTerm, kFinalTerm, kStartOpen, kStopTerm},
    {kStartOpen, kKept, kOpening,     kStartPost, kStopPre,   kStopPre,   kNever,     kStopTerm},
    {kStartPost, kKept, kExecPost,    kListening, kStopPre,   kStopPre,   kListening, kStopTerm},
    {kListening, kKept, kTraffic,     kRunning,   kStopPre,   kNever,     kNever,     kStopPre,
       kCooling, kPaused},
    {kRunning,   kKept, kServiceEnd,  kListening, kStopPre,   kNever,     kDeferred,  kStopPre,
       kCooling, kPaused},
    {kDeferred,  kKept, kDeferral,    kRunning,   kStopPre,   kStopPre,   kNever,     kStopPre,
       kNever,   kPaused},
    {kCooling,   kKept, kCoolDown,    kListening, kNever,     kNever,     kNever,     kStopPre,
       kNever,   kPaused},
    {kPaused,    kKept, kResume,      kListening, kNever,     kNever,     kNever,     kStopPre },
    {kStopPre,   kKept, kExecStopPre, kStopPost,  kStopPost,  kStopTerm,  kStopPost,  kNever   },
    {kStopTerm,  kKept, kSigterm,     kStopPost,  kStopKill,  kStopKill,  kStopKill,  kNever   },
    {kStopKill,  kKept, kSigkill,     kStopPost,  kStopPost,  kStopPost,  kStopPost,  kNever   },
    {kStopPost,  kShut, kExecEnd,     kFinalTerm, kFinalTerm, kFinalTerm, kFinalTerm, kNever   },
    {kFinalTerm, kShut, kSigterm,     kDead,      kFinalKill, kFinalKill, kFinalKill, kNever   },
    {kFinalKill, kShut, kSigkill,     kDead,      kDead,      kDead,      kDead,      kNever   },
    {kFailed,    kShut, kNothing,     kNever,     kNever,     kNever,     kNever,     kNever   },
  }};
  // clang-format on
}

constexpr bool Rests(SocketAwait wait) {
  return wait == SocketAwait::kNothing;
}
constexpr bool Lasts(SocketAwait wait) {
  return wait == SocketAwait::kTraffic || wait == SocketAwait::kServiceEnd;
}
constexpr bool SkippedByStop(SocketAwait) {
  return false;
}
constexpr Endings EndingsOf(SocketAwait wait) {
  switch (wait) {
    case SocketAwait::kNothing:
      return kNoEnding;
    case SocketAwait::kOpening:   // ports are always opened, and that is always seen
    case SocketAwait::kDeferral:  // begins only where there is something to wait for
      return {.done = true, .failed = true, .late = true};
    case SocketAwait::kTraffic:
      return {.done = true, .failed = true, .over = true};
    case SocketAwait::kServiceEnd:
      return {.done = true, .failed = true, .skip = true, .over = true};
    case SocketAwait::kCoolDown:
    case SocketAwait::kResume:
      return {.done = true};
    default:
      return kTimedEndings;
  }
}
constexpr SocketState StartOf(const SocketRow&) {
  return SocketState::kStartPre;
}
constexpr std::array<SocketState, 7> CellsOf(const SocketRow& row) {
  return {row.done, row.failed, row.late, row.skip, row.stop, row.over, row.pause};
}

// What an active unit waits for while who comes is left in the kernel's queue.
constexpr bool Queues(SocketAwait wait) {
  return wait == SocketAwait::kDeferral || wait == SocketAwait::kCoolDown ||
         wait == SocketAwait::kResume;
}

// Only an active unit can be paused, and it is so until somebody resumes it.
constexpr bool PausesFit(const Table<SocketRow>& table) {
  for (const SocketRow& row : table) {
    const bool can = Lasts(row.awaits) || row.awaits == SocketAwait::kDeferral ||
                     row.awaits == SocketAwait::kCoolDown;
    if ((row.pause != SocketState::kNever) != can) return false;
    if (can && table[IndexOf(row.pause)].awaits != SocketAwait::kResume) return false;
  }
  return true;
}

// Only ports that are kept can be opened, watched, handed to a service or have a queue; a unit at
// rest keeps none, and the last commands run without.
constexpr bool PortsFitTheirAwait(const Table<SocketRow>& table) {
  for (const SocketRow& row : table) {
    const bool needed =
        row.awaits == SocketAwait::kOpening || Lasts(row.awaits) || Queues(row.awaits);
    if (needed && row.ports != Ports::kKept) return false;
    const bool over = Rests(row.awaits) || row.awaits == SocketAwait::kExecEnd;
    if (over && row.ports != Ports::kShut) return false;
  }
  return true;
}

// Ports are kept only where they were opened before: the next daemon opens again what the state
// that it goes on in keeps.
constexpr bool KeptPortsWereOpened(const Table<SocketRow>& table) {
  StateSet<SocketRow> open{};
  for (size_t round = 0; round < table.size(); ++round) {
    for (const SocketRow& row : table) {
      if (row.awaits == SocketAwait::kOpening) open[IndexOf(row.state)] = true;
      if (!open[IndexOf(row.state)]) continue;
      for (auto cell : CellsOf(row)) {
        if (cell != SocketState::kNever && table[IndexOf(cell)].ports == Ports::kKept)
          open[IndexOf(cell)] = true;
      }
    }
  }
  for (const SocketRow& row : table) {
    if (row.ports == Ports::kKept && !open[IndexOf(row.state)]) return false;
  }
  return true;
}

constexpr bool Proven(const Table<SocketRow>& table) {
  return RowsInOrder(table) && CellsFitTheirAwait(table) && PortsFitTheirAwait(table) &&
         KeptPortsWereOpened(table) && PausesFit(table) && EveryStopSettles(table) &&
         EveryStateCanStop(table) && EveryStateReachable(table);
}

inline constexpr Table<SocketRow> kSocketMachine = SocketMachine();
static_assert(Proven(kSocketMachine));

}  // namespace socketd
