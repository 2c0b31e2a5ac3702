// The walk of a unit that runs commands and signals processes: what the waits for a command and for
// processes to go mean is the same for sockets and services. One control process at a time; a chain
// goes on only in the state that began it; a signal state is left only when the processes that were
// signalled are gone, and in the group modes all others of the group too.
#pragma once

#include <csignal>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/machine.h"
#include "server/engine/unit.h"
#include "server/engine/waits.h"

namespace socketd {

// `Derived` gives, besides what Walk wants:
//   absl::StatusOr<Process> Start(const v1::Command&)   starts a control process
//   absl::Duration StepTimeout() const                  of the step that begins
//   const KillSettings& kill() const
//   const Process* main() const                         null: none
//   Ending AfterChain(Ending end)                       the last word on the end of a chain
//   bool Patient(const Chain&) const                    its commands wait for what is short
//   ShortageQueue& shortages()                          where they do
//   Run run_; std::variant<..., RunningCommand, PendingSignal, ...> wait_
template <typename Derived, typename Row, const Table<Row>& kTable>
class ExecWalk : public Walk<Derived, Row, kTable> {
 protected:
  using Base = Walk<Derived, Row, kTable>;
  using Base::Conclude;
  using typename Base::State;

  // ---- what verbs mean for every machine ----

  // Counts a start that is about to begin; one too many is refused, and is how the unit rests.
  absl::Status AdmitRun() {
    absl::Status admitted = self().AdmitStart();
    if (admitted.ok()) return admitted;
    self().set_cause({Cause::Kind::kLimit, "", "start limit"});
    this->Rest(State::kFailed);
    return admitted;
  }

  void ObeyStop(const Cause& cause) {
    const State next = this->row().stop;
    if (next == State::kNever) return;
    self().set_cause(cause);
    this->Settle(next);
  }

  void ForgetFailure(const Cause& cause) {
    self().starts().Reset();
    if (!self().at_rest()) return;
    self().ClearResult();
    self().set_cause(cause);
    this->Rest(State::kDead);
  }

  // ---- commands and signals ----

  // The command at `index` of a chain. Nothing left of it: it is done; nothing in it: skip.
  Ending BeginCommand(const Chain& chain, size_t index) {
    command_ = index;
    if (index >= chain.size()) return index == 0 ? Outcome::kSkip : Outcome::kDone;
    absl::StatusOr<Process> process = self().Start(*chain[index]);
    if (!process.ok()) {
      return FailedOrLater(process.status(), self().Patient(chain), [this, &chain, index] {
        Ending begun = BeginCommand(chain, index);
        if (begun.outcome == Outcome::kPending) self().host().OnChanged(self());
        return begun;
      });
    }
    self().wait_ = RunningCommand{&chain, index, *std::move(process), Deadline()};
    self().host().OnStep(self());
    return Outcome::kPending;
  }

  // Begins to wait for processes to go, with the control process that was there before.
  Ending BeginSignal(bool last, Process left) {
    self().wait_ = PendingSignal{std::move(left), Timer()};
    auto& wait = std::get<PendingSignal>(self().wait_);
    self().host().OnStep(self());
    const auto reached = self().run_.Signal(self().kill(), last, {self().main(), &wait.process});
    if (!reached.ok()) return FailedBy(reached.status());
    const KillSettings& kill = self().kill();
    const bool signals = kill.mode != KillMode::kNone && (!last || kill.send_sigkill);
    // A process that nobody could reach but that was not reaped yet has ended: its end is coming.
    const bool coming = signals && (wait.process || HasMain());
    if (*reached == Reached::kNobody && !coming) return Outcome::kSkip;
    wait.deadline = Deadline();
    return Outcome::kPending;
  }

  // Something that a pending signal waits for may have happened.
  void CheckSignals() {
    if (std::holds_alternative<PendingSignal>(self().wait_)) Conclude(EndOfSignals(this->row()));
  }

  // How the wait for processes that were signalled in the state of `row` stands.
  Ending EndOfSignals(const Row& row) {
    const auto& wait = std::get<PendingSignal>(self().wait_);
    if (wait.process || HasMain()) return Outcome::kPending;
    const KillMode mode = self().kill().mode;
    const bool whole = mode == KillMode::kControlGroup || mode == KillMode::kMixed;
    // Others were not asked to go where the main process went by itself: they are later.
    if (!whole || !wait.asked || !self().run_.Populated()) return Outcome::kDone;
    // In mixed mode the others are not asked: they are killed once the main process is gone.
    const bool last = IsLastSignal(row.awaits);
    return mode == KillMode::kMixed && !last ? Outcome::kSkip : Outcome::kPending;
  }

  // True if the event was about the control process.
  bool OnControl(const Event& event) {
    if (auto* running = std::get_if<RunningCommand>(&self().wait_)) {
      if (!running->process.Hears(event)) return false;
      if (event.kind != Event::Kind::kExeced) OnCommandEnd(*running, event);
      return true;
    }
    auto* pending = std::get_if<PendingSignal>(&self().wait_);
    if (pending == nullptr || !pending->process.Hears(event)) return false;
    if (event.kind == Event::Kind::kExeced) return true;
    const ProcessEnd end = EndOf(kernel(), pending->process, event, nullptr);
    // To die of a signal that was meant for it is no failure of its own.
    if (end.result == Result::kExitCode) {
      self().Mark(FailedFor(end.result, {Cause::Kind::kProcess, "", end.text}));
    }
    CheckSignals();
    return true;
  }

  // The control process of the wait that is being replaced.
  Process TakeControl() {
    if (auto* running = std::get_if<RunningCommand>(&self().wait_)) {
      return std::move(running->process);
    }
    if (auto* pending = std::get_if<PendingSignal>(&self().wait_)) {
      return std::move(pending->process);
    }
    return Process();
  }

  const Process* control() const {
    const Derived& unit = static_cast<const Derived&>(*this);
    if (const auto* running = std::get_if<RunningCommand>(&unit.wait_)) return &running->process;
    if (const auto* pending = std::get_if<PendingSignal>(&unit.wait_)) return &pending->process;
    return nullptr;
  }

  // A late command makes room for the next one: one control process at a time. It had its time, so
  // it is killed outright, as far as the kill mode reaches.
  void PutDown(Process process) {
    if (!process) return;
    const auto reached = self().run_.Signal(self().kill(), true, {nullptr, &process});
    if (!reached.ok() || *reached == Reached::kNobody) GiveUp(std::move(process));
  }

  // The same beside a main process that lives on: no further than the command's own process group.
  void PutDownAlone(Process process) {
    if (!process) return;
    const auto reached = kernel().Signal(process.child, SIGKILL, Whom::kProcessGroup);
    if (!reached.ok() || *reached == Reached::kNobody) GiveUp(std::move(process));
  }

  // A process that outlived every signal the kill mode allows is given up, aloud.
  void GiveUp(Process process) {
    if (!process) return;
    Log(Level::kWarning, "unit.left-behind",
        {{"unit", self().name()}, {"pid", absl::StrCat(process.child.pid())}});
  }

  // The end of the step that begins now.
  Timer Deadline() { return DeadlineIn(self().StepTimeout()); }

  Timer DeadlineIn(absl::Duration span) {
    return DeadlineAfter(self().host().loop(), span, [this] {
      Conclude({Outcome::kLate,
                Result::kTimeout,
                {Cause::Kind::kTimeout, "", std::string(NameOf(this->state()))}});
    });
  }

  // Gives the step that runs at least `span` from now; one without an end keeps none.
  void Extend(absl::Duration span) {
    const auto extend = [&](auto& wait) {
      if constexpr (requires { wait.deadline; }) {
        const Instant wanted = self().host().loop().now() + span;
        if (!wait.deadline || wait.deadline.deadline() >= wanted) return;
        wait.deadline = DeadlineIn(span);
        self().host().OnChanged(self());
      }
    };
    std::visit(extend, self().wait_);
  }

  bool has_deadline() const {
    const auto has = [](const auto& wait) {
      if constexpr (requires { wait.deadline; }) return static_cast<bool>(wait.deadline);
      return false;
    };
    return std::visit(has, static_cast<const Derived&>(*this).wait_);
  }

  // A start that the system refused. Where it is short of something, `begin` is tried again after a
  // while if the step is `patient`; what leads to rest goes on without.
  template <typename Begin>
  Ending FailedOrLater(const absl::Status& status, bool patient, Begin begin) {
    if (!patient || !IsResourceShortage(status)) return FailedBy(status);
    auto* wait = std::get_if<Shortage>(&self().wait_);
    if (wait == nullptr) {
      LogFailure(Level::kWarning, "unit.shortage", status, {{"unit", self().name()}});
      auto place = self().shortages().Join([this, begin] { Conclude(begin()); });
      wait = &self().wait_.template emplace<Shortage>("", std::move(place));
    }
    wait->what = std::string(status.message());
    self().host().OnChanged(self());
    return Outcome::kPending;
  }

  // What is short now; empty: nothing.
  std::string shortage() const {
    const auto* const wait = std::get_if<Shortage>(&static_cast<const Derived&>(*this).wait_);
    return wait == nullptr ? "" : wait->what;
  }

  void WarnOfShortage(std::vector<std::string>& warnings) const {
    if (std::string what = shortage(); !what.empty())
      warnings.push_back(absl::StrCat("cannot go on for now and tries again: ", what));
  }

  // Something that the system refused.
  Ending FailedBy(const absl::Status& status) {
    self().set_failure(status);
    return FailedFor(Result::kResources,
                     {Cause::Kind::kFailure, "", std::string(status.message())});
  }

  // Which command of its chain runs, or is about to.
  size_t command() const { return command_; }
  bool HasMain() { return self().main() != nullptr && *self().main(); }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  Kernel& kernel() { return self().host().loop().kernel(); }

  void OnCommandEnd(RunningCommand& running, const Event& event) {
    const ProcessEnd end = EndOf(kernel(), running.process, event, nullptr);
    const Cause cause{Cause::Kind::kProcess, "", end.text};
    if (end.result != Result::kSuccess) return Conclude(FailedFor(end.result, cause));
    Ending next = BeginCommand(*running.chain, running.index + 1);
    if (next.outcome == Outcome::kDone) next.cause = cause;
    if (next.outcome == Outcome::kPending) self().host().OnChanged(self());
    Conclude(self().AfterChain(std::move(next)));
  }

  size_t command_ = 0;
};

}  // namespace socketd
