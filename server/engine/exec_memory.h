// What a unit that runs commands and signals processes remembers beyond the daemon's end, and how
// it takes up the wait that it was in: a process that lives is waited for again, one that has ended
// is as if it ended now, and what was about to begin begins.
#pragma once

#include <utility>
#include <variant>

#include "absl/strings/string_view.h"

#include "server/engine/exec_walk.h"
#include "server/engine/remembered.h"
#include "server/engine/remembered.pb.h"

namespace socketd {

template <typename Derived, typename Row, const Table<Row>& kTable>
class ExecMemory : public ExecWalk<Derived, Row, kTable> {
 protected:
  using Base = ExecWalk<Derived, Row, kTable>;
  using typename Base::State;

  void RememberWalk(remembered::Unit& record) const {
    const Derived& unit = static_cast<const Derived&>(*this);
    if (this->heading() != this->state()) record.set_heading(std::string(NameOf(this->heading())));
    record.set_group(static_cast<uint64_t>(unit.run_.group()));
    record.set_command(static_cast<uint32_t>(this->command()));
    // What is about to begin has a time of its own.
    const auto* const running = std::get_if<RunningCommand>(&unit.wait_);
    const bool begins = this->heading() != this->state() ||
                        (running != nullptr && running->index != this->command());
    if (!begins) record.set_deadline(NanosOf(EndOfWait()));
    if (const Process* process = this->control(); process != nullptr)
      RememberProcess(*process, *record.mutable_control());
    const auto* const pending = std::get_if<PendingSignal>(&unit.wait_);
    record.set_unasked(pending != nullptr && !pending->asked);
  }

  void RememberProcess(const Process& process, remembered::Process& record) const {
    const Derived& unit = static_cast<const Derived&>(*this);
    if (!process) return;
    const ProcessId id = unit.host().loop().kernel().IdOf(process.child);
    record.set_pid(id.pid);
    record.set_born(id.born);
  }

  static ProcessId IdOf(const remembered::Process& record) { return {record.pid(), record.born()}; }

  // The state that is remembered; kNever: there is no such state.
  static State StateOf(absl::string_view name) {
    for (size_t i = 0; i < kTable.size(); ++i) {
      if (NameOf(kTable[i].state) == name) return kTable[i].state;
    }
    return State::kNever;
  }
  // A heading is believed if the table leads there.
  State NextOf(const remembered::Unit& record) const {
    const State heading = StateOf(record.heading());
    const bool leads = heading != State::kNever && Leads(kTable, this->state(), heading);
    return leads ? heading : this->state();
  }

  // The command of a chain that ran.
  Ending ResumeCommand(const Chain& chain, const remembered::Unit& record) {
    const size_t index = record.command();
    if (index >= chain.size()) return this->BeginCommand(chain, index);
    const v1::Command* const command = chain[index];
    const ProcessId id = IdOf(record.control());
    Process process = self().run_.Readopt(id, command);
    // Its birth may have been the last thing that the daemon did.
    if (id.pid == 0 && !this->HasMain()) process = self().run_.ReadoptAny(command, record.ended());
    if (!process && id.pid == 0) return this->BeginCommand(chain, index);
    if (!process) {
      return FailedFor(Result::kResources,
                       {Cause::Kind::kDaemon, "", "a command ended with nobody there to see how"});
    }
    self().wait_ = RunningCommand{&chain, index, std::move(process), this->Deadline()};
    RestoreDeadline(record);
    return Outcome::kPending;
  }

  // Processes that were signalled in the state of `row`, or were about to be.
  Ending ResumeSignal(const Row& row, const remembered::Unit& record) {
    const ProcessId id = IdOf(record.control());
    Process control = self().run_.Readopt(id, nullptr);
    if (row.state != this->state()) {
      return this->BeginSignal(IsLastSignal(row.awaits), std::move(control));
    }
    self().wait_ = PendingSignal{std::move(control), this->Deadline(), !record.unasked()};
    RestoreDeadline(record);
    return this->EndOfSignals(row);
  }

  // The step that goes on is late when it would have been, unless its unit's file has no end for it
  // by now.
  void RestoreDeadline(const remembered::Unit& record) {
    if (record.deadline() == 0) return;
    const absl::Duration left = InstantOf(record.deadline()) - self().host().loop().now();
    std::visit(
        [&](auto& wait) {
          if constexpr (requires { wait.deadline; }) {
            if (wait.deadline) wait.deadline = this->DeadlineIn(left);
          }
        },
        self().wait_);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  // When the wait ends by itself; Never() if it does not.
  Instant EndOfWait() const {
    const auto end = [](const auto& wait) {
      if constexpr (requires { wait.deadline; }) {
        if (wait.deadline) return wait.deadline.deadline();
      }
      if constexpr (requires { wait.end; }) {
        if (wait.end) return wait.end.deadline();
      }
      return Instant::Never();
    };
    return std::visit(end, static_cast<const Derived&>(*this).wait_);
  }
};

}  // namespace socketd
