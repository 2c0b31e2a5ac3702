// What all state machines here share: how a wait can end, the walk over a table, and the proofs
// that a table is whole and can always stop. A machine is an array with one row a state; a row says
// what the state waits for and where each ending of that wait leads. The proofs are constexpr over
// any table, so that tests can show that a damaged copy is refused. No state is kept here but the
// present one; engine thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "server/base/check.h"
#include "server/unit/change.h"
#include "server/unit/unit_state.h"

namespace socketd {

// How a wait ended. kPending: it has not. kOver: with more than a limit allows.
enum class Outcome : uint8_t { kPending, kDone, kFailed, kLate, kSkip, kOver };

// The end of a wait with what it means for the unit's result (kSuccess: nothing) and why the unit
// moves for it.
struct Ending {
  Outcome outcome = Outcome::kPending;
  Result result = Result::kSuccess;
  Cause cause;

  Ending(Outcome how) : outcome(how) {}  // NOLINT(google-explicit-constructor): reads as a value
  Ending(Outcome how, Result what, Cause why) : outcome(how), result(what), cause(std::move(why)) {}
};

inline Ending DoneFor(Cause why) {
  return {Outcome::kDone, Result::kSuccess, std::move(why)};
}
inline Ending FailedFor(Result what, Cause why) {
  return {Outcome::kFailed, what, std::move(why)};
}

// The set of endings that a wait can have.
struct Endings {
  bool done = false, failed = false, late = false, skip = false, over = false;
};
inline constexpr Endings kNoEnding{};
inline constexpr Endings kTimedEndings{true, true, true, true};

template <typename Row>
using StateOf = decltype(Row::state);

template <typename Row>
constexpr size_t kStates = static_cast<size_t>(StateOf<Row>::kNever);

template <typename Row>
using Table = std::array<Row, kStates<Row>>;

template <typename State>
constexpr size_t IndexOf(State state) {
  return static_cast<size_t>(state);
}

// The cell of `over`, which only machines with limits have.
template <typename Row>
constexpr StateOf<Row> OverOf(const Row& row) {
  if constexpr (requires { row.over; }) return row.over;
  return StateOf<Row>::kNever;
}

template <typename Row>
constexpr StateOf<Row> Cell(const Row& row, Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return row.done;
    case Outcome::kFailed:
      return row.failed;
    case Outcome::kLate:
      return row.late;
    case Outcome::kSkip:
      return row.skip;
    case Outcome::kOver:
      return OverOf(row);
    case Outcome::kPending:
      break;
  }
  return StateOf<Row>::kNever;
}

// Besides its rows a machine says, by overloads for its own types:
//   Endings EndingsOf(Await)       which endings a wait can have
//   bool Rests(Await)              nothing is awaited: the unit is at rest
//   bool SkippedByStop(Await)      a pending stop skips the wait
//   State StartOf(const Row&)      where a start begins
//   auto CellsOf(const Row&)       all cells, requests included

// ---- the proofs ----

// Every state has its row, in the order of the enumeration, and every cell names a state.
template <typename Row>
constexpr bool RowsInOrder(const Table<Row>& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    const Row& row = table[i];
    if (IndexOf(row.state) != i) return false;
    for (auto cell : CellsOf(row)) {
      if (IndexOf(cell) > table.size()) return false;
    }
  }
  return true;
}

// A cell is filled exactly where its wait can end that way; a state at rest cannot be stopped.
template <typename Row>
constexpr bool CellsFitTheirAwait(const Table<Row>& table) {
  constexpr auto kNone = StateOf<Row>::kNever;
  for (const Row& row : table) {
    const Endings can = EndingsOf(row.awaits);
    const bool fit = (row.done != kNone) == can.done && (row.failed != kNone) == can.failed &&
                     (row.late != kNone) == can.late && (row.skip != kNone) == can.skip &&
                     (OverOf(row) != kNone) == can.over;
    if (!fit) return false;
    const bool rests = row.state == StateOf<Row>::kDead || row.state == StateOf<Row>::kFailed;
    if (rests && row.stop != kNone) return false;
    if (rests != Rests(row.awaits)) return false;
  }
  return true;
}

// A set of states; kNever can be a member too.
template <typename Row>
using StateSet = std::array<bool, kStates<Row> + 1>;

// Whether the wait of `row` leads into `settled` however it ends while a stop is pending.
template <typename Row>
constexpr bool EveryEndSettles(const Row& row, const StateSet<Row>& settled) {
  constexpr auto kNone = StateOf<Row>::kNever;
  if (row.skip == kNone && row.done == kNone) return false;
  if (!settled[IndexOf(row.skip)]) return false;
  if (SkippedByStop(row.awaits)) return true;
  return settled[IndexOf(row.done)] && settled[IndexOf(row.failed)] && settled[IndexOf(row.late)] &&
         settled[IndexOf(OverOf(row))];
}

// From every stop cell the unit comes to rest in at most as many moves as there are states, however
// each wait on the way ends: done, failed, late or skipped, in any mixture. A wait that a pending
// stop skips counts by its skip cell alone.
template <typename Row>
constexpr bool EveryStopSettles(const Table<Row>& table) {
  StateSet<Row> settled{};
  settled[IndexOf(StateOf<Row>::kDead)] = true;
  settled[IndexOf(StateOf<Row>::kNever)] = true;
  for (size_t round = 0; round < table.size(); ++round) {
    for (const Row& row : table) {
      if (EveryEndSettles(row, settled)) settled[IndexOf(row.state)] = true;
    }
  }
  for (const Row& row : table) {
    if (!settled[IndexOf(row.stop)]) return false;
  }
  return true;
}

// Adds where the wait of `row` can lead while a stop is pending.
template <typename Row>
constexpr void AddEnds(const Row& row, StateSet<Row>& stopping) {
  stopping[IndexOf(row.skip)] = true;
  if (SkippedByStop(row.awaits)) return;
  for (auto cell : {row.done, row.failed, row.late, OverOf(row)})
    stopping[IndexOf(cell)] = true;
}

// Every state that is not at rest can be stopped, or is on its way to rest because of a stop.
template <typename Row>
constexpr bool EveryStateCanStop(const Table<Row>& table) {
  constexpr auto kNone = StateOf<Row>::kNever;
  StateSet<Row> stopping{};
  for (const Row& row : table)
    stopping[IndexOf(row.stop)] = true;
  for (size_t round = 0; round < table.size(); ++round) {
    for (const Row& row : table) {
      if (stopping[IndexOf(row.state)]) AddEnds(row, stopping);
    }
  }
  for (const Row& row : table) {
    if (Rests(row.awaits) || row.stop != kNone) continue;
    if (!stopping[IndexOf(row.state)]) return false;
  }
  return true;
}

// A start can lead to every state; kFailed is where a marked unit rests.
template <typename Row>
constexpr bool EveryStateReachable(const Table<Row>& table) {
  StateSet<Row> reached{};
  reached[IndexOf(StartOf(table[0]))] = true;
  for (size_t round = 0; round < table.size(); ++round) {
    for (const Row& row : table) {
      if (!reached[IndexOf(row.state)]) continue;
      for (auto cell : CellsOf(row))
        reached[IndexOf(cell)] = true;
    }
  }
  reached[IndexOf(StateOf<Row>::kFailed)] |= reached[IndexOf(StateOf<Row>::kDead)];
  for (const Row& row : table) {
    if (!reached[IndexOf(row.state)]) return false;
  }
  return true;
}

// Whether a unit may be seen to move from `from` to `to`: by one cell, and over states after it
// that had nothing to wait for.
template <typename Row>
constexpr bool Leads(const Table<Row>& table, StateOf<Row> from, StateOf<Row> to) {
  using State = StateOf<Row>;
  const auto arrives = [&](State at) {
    for (size_t moves = 0; moves <= table.size() && at != State::kNever; ++moves) {
      if (at == to || (at == State::kDead && to == State::kFailed)) return true;
      at = table[IndexOf(at)].skip;
    }
    return false;
  };
  const Row& row = table[IndexOf(from)];
  // A unit at rest is started, forgets its failure, or fails because it was started too often.
  if (Rests(row.awaits)) {
    return arrives(StartOf(row)) || (from == State::kFailed && to == State::kDead) ||
           (from == State::kDead && to == State::kFailed);
  }
  for (State cell : CellsOf(row)) {
    if (arrives(cell)) return true;
  }
  return false;
}

// ---- the walk ----

// One unit's walk over a table. `Derived` says what each wait means:
//   Ending Begin(State next)                     begins the wait of `next`, replacing the old one
//   void Mark(const Ending& ending)              keeps the first failure and the cause
//   bool marked() const                          whether a failure was kept
//   void OnMoved(State from, State to)           the unit's commit: history, log, clocks
template <typename Derived, typename Row, const Table<Row>& kTable>
class Walk {
 public:
  using State = StateOf<Row>;

  State state() const { return state_; }
  const Row& row() const { return kTable[IndexOf(state_)]; }

 protected:
  // The state that is being entered; else the present one.
  State heading() const { return heading_; }

  // Goes on in a state that the daemon before has left, without a word.
  void Recall(State state) { state_ = heading_ = state; }
  // Takes up its wait, or that of the state it was heading for; `begin` is as Begin.
  template <typename Begin>
  void Resume(State next, const Begin& begin) {
    heading_ = next;
    const Ending begun = begin(next);
    if (next != state_ && begun.outcome != Outcome::kSkip) Commit(next);
    heading_ = state_;
    if (begun.outcome != Outcome::kPending) Settle(Take(begun, next));
  }

  // The wait of the present state has ended.
  void Conclude(const Ending& ending) {
    if (ending.outcome != Outcome::kPending) Settle(Take(ending, state_));
  }

  // At rest already: rest differently, for a failure forgotten or a start refused.
  void Rest(State next) {
    CHECK(Rests(row().awaits) && Rests(kTable[IndexOf(next)].awaits));
    if (next != state_) Commit(next);
  }

  // Enters states until one of them has to wait. What had nothing to wait for is not shown;
  // everything else is, a failed beginning too.
  void Settle(State next) {
    for (;;) {
      heading_ = next;
      const Ending begun = self().Begin(next);
      if (begun.outcome != Outcome::kSkip) Commit(next);
      heading_ = state_;
      if (begun.outcome == Outcome::kPending) return;
      next = Take(begun, next);
    }
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  State Take(const Ending& ending, State from) {
    // What had nothing to wait for is no news: the cause before it holds on.
    if (ending.outcome != Outcome::kSkip) self().Mark(ending);
    const State next = Cell(kTable[IndexOf(from)], ending.outcome);
    CHECK(next != State::kNever);
    return next == State::kDead && self().marked() ? State::kFailed : next;
  }

  void Commit(State next) {
    const State from = std::exchange(state_, next);
    self().OnMoved(from, next);
  }

  State state_ = State::kDead;
  State heading_ = State::kDead;
};

}  // namespace socketd
