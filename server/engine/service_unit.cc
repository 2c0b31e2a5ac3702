#include "server/engine/service_unit.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

constexpr absl::Duration kPidFileRetry = absl::Milliseconds(50);
// With RestartSec=0 and no start limit a program that cannot run would keep the loop to itself.
constexpr absl::Duration kLeastRestartDelay = absl::Milliseconds(1);

}  // namespace

ServiceUnit::ServiceUnit(UnitHost& host, UnitName name, DefinitionPtr definition)
    : Unit(host, std::move(name), std::move(definition)),
      run_(host, *this),
      store_(host.loop(), this->name(), [this] { host_.OnChanged(*this); }) {}

Ending ServiceUnit::EndingFor(const ProcessEnd& end) {
  const Cause cause{Cause::Kind::kProcess, "", end.text};
  return end.result == Result::kSuccess ? DoneFor(cause) : FailedFor(end.result, cause);
}

// ---- the meaning of the waits ----

Ending ServiceUnit::Begin(ServiceState next) {
  Process left = TakeControl();
  wait_ = std::monostate();
  stopping_ = ActiveStateOf(next) == ActiveState::kDeactivating;
  switch (kServiceMachine[IndexOf(next)].awaits) {
    case ServiceAwait::kNothing:
      GiveUp(std::move(left));
      CleanUp(start_pending());
      return Outcome::kPending;
    case ServiceAwait::kExecPre:
      return BeginCommand(settings_->start_pre, 0);
    case ServiceAwait::kReady:
      return BeginStart();
    case ServiceAwait::kExecPost:
      return BeginCommand(settings_->start_post, 0);
    case ServiceAwait::kMainEnd:
      PutDownAlone(std::move(left));  // a reload that came too late
      return BeginMainEnd();
    case ServiceAwait::kStay:
      return settings_->remain_after_exit ? Outcome::kPending : Outcome::kSkip;
    case ServiceAwait::kReloaded:
      return BeginReload();
    case ServiceAwait::kExecStop:
      PutDown(std::move(left));
      return BeginCommand(settings_->stop, 0);
    case ServiceAwait::kSigterm:
      if (std::exchange(leaves_, false)) return BeginLeave(std::move(left));
      return BeginSignal(false, std::move(left));
    case ServiceAwait::kSigkill:
      return BeginSignal(true, std::move(left));
    case ServiceAwait::kExecEnd:
      PutDown(std::move(left));
      return BeginCommand(settings_->stop_post, 0);
    case ServiceAwait::kDelay:
      GiveUp(std::move(left));
      return BeginDelay();
  }
  return Outcome::kPending;
}

// A reload that fails says nothing about the service: it goes on as it was.
void ServiceUnit::Mark(const Ending& ending) {
  if (state() != ServiceState::kReload) return Note(ending);
  reload_failed_ = ending.outcome != Outcome::kDone;
  set_cause(ending.cause);
}

// Instances wait at their socket.
ShortageQueue& ServiceUnit::shortages() {
  if (origin_ != nullptr) return origin_->shortages();
  if (shortages_ == nullptr) shortages_ = std::make_shared<ShortageQueue>(host_.loop());
  return *shortages_;
}

Ending ServiceUnit::BeginStart() {
  if (settings_->start.empty()) return Outcome::kDone;
  if (settings_->type == ServiceType::kForking) return BeginCommand(settings_->start, 0);
  return BeginMain(0);
}

Ending ServiceUnit::BeginMain(size_t index) {
  if (absl::Status launched = LaunchMain(index); !launched.ok())
    return FailedOrLater(launched, true, [this, index] { return BeginMain(index); });
  if (settings_->type == ServiceType::kSimple) return Outcome::kDone;
  wait_ = Ready{Deadline(), Timer()};
  return Outcome::kPending;
}

// A reload goes on while the service says so. The first process of a forking service has ended
// well: who is the main process now?
Ending ServiceUnit::AfterChain(Ending end) {
  if (state() == ServiceState::kReload && said_ == Said::kReloading) {
    if (end.outcome != Outcome::kDone) return end;
    wait_ = Ready{Deadline(), Timer()};  // the command has begun what the service will end
    return Outcome::kPending;
  }
  const bool forked = state() == ServiceState::kStart && settings_->type == ServiceType::kForking;
  if (!forked || end.outcome != Outcome::kDone || settings_->pid_file.empty()) return end;
  return FindMain();
}

// Reads PIDFile=. It may come a moment after the first process has ended; as long as the group
// lives and the start's time lasts, it is looked for again.
Ending ServiceUnit::FindMain() {
  constexpr size_t kPidFileLimit = 64;
  const absl::StatusOr<std::string> text =
      host_.loop().kernel().ReadFile(settings_->pid_file, kPidFileLimit);
  int pid = 0;
  if (text.ok() && absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &pid) && pid > 0) {
    absl::StatusOr<Process> process = run_.Adopt(pid);
    if (process.ok()) {
      main_ = *std::move(process);
      main_pid_ = pid;
      return DoneFor({Cause::Kind::kProcess, "", "forked"});
    }
  }
  if (!run_.Populated()) {
    return FailedFor(Result::kProtocol,
                     {Cause::Kind::kProcess, "",
                      absl::StrCat("no process of the service is in ", settings_->pid_file)});
  }
  Ready wait{Deadline(), Timer()};
  if (auto* before = std::get_if<Ready>(&wait_)) wait.deadline = std::move(before->deadline);
  wait.retry = DeadlineAfter(host_.loop(), kPidFileRetry, [this] { Conclude(FindMain()); });
  wait_ = std::move(wait);
  return Outcome::kPending;
}

Ending ServiceUnit::BeginMainEnd() {
  if (main_end_.has_value()) {
    const Ending end = EndingFor(*main_end_);
    // It ended while something else was waited for.
    return end.outcome == Outcome::kFailed ? end : Ending(Outcome::kSkip);
  }
  if (!main_ && !run_.Populated()) return Outcome::kSkip;
  if (said_ == Said::kStopping) return Leave();
  wait_ = MainEnd();
  return Outcome::kPending;
}

Ending ServiceUnit::BeginReload() {
  reload_failed_ = false;
  if (std::exchange(reloads_itself_, false)) {
    wait_ = Ready{Deadline(), Timer()};
    return Outcome::kPending;
  }
  if (said_ == Said::kReloading) said_ = Said::kNothing;
  if (!settings_->reload.empty()) return BeginCommand(settings_->reload, 0);
  reload_asked_ = host_.loop().now();
  const absl::StatusOr<Reached> reached =
      host_.loop().kernel().Signal(main_.child, SIGHUP, Whom::kProcess);
  if (!reached.ok()) return FailedBy(reached.status());
  wait_ = Ready{Deadline(), Timer(), false};
  return Outcome::kPending;
}

// The service has said that it goes: its time runs as if it had been asked to.
Ending ServiceUnit::BeginLeave(Process left) {
  wait_ = PendingSignal{std::move(left), Deadline(), false};
  return Outcome::kPending;
}

Ending ServiceUnit::BeginDelay() {
  const bool wants_restart = WantsRestart();
  CleanUp(wants_restart || start_pending());
  if (!wants_restart) return Outcome::kSkip;
  const absl::Duration delay = std::max(settings_->restart_delay, kLeastRestartDelay);
  wait_ = DelayUntil(host_.loop().now() + delay);
  return Outcome::kPending;
}

Delay ServiceUnit::DelayUntil(Instant end) {
  if (end.never()) return Delay{};
  return Delay{host_.loop().timers().At(end, [this] {
    OnDelay({Cause::Kind::kRestartPolicy, "", std::string(NameOf(result()))}).IgnoreError();
  })};
}

absl::Status ServiceUnit::OnDelay(Cause cause) {
  if (absl::Status check = CheckStart(); !check.ok()) {
    // As with systemd, what was to be restarted rests as if it had been stopped.
    ClearResult();
    set_cause({Cause::Kind::kCondition, "", start_check()->unmet});
    Conclude(Outcome::kSkip);
    return check;
  }
  if (absl::Status admitted = AdmitStart(); !admitted.ok()) {
    Conclude(FailedFor(Result::kStartLimitHit, {Cause::Kind::kLimit, "", "start limit"}));
    return absl::OkStatus();
  }
  if (definition()->service != nullptr) settings_ = definition()->service;
  ++restarts_;
  BeginRun(cause);
  said_ = Said::kNothing;
  unstored_ = 0;
  main_end_.reset();
  Conclude(DoneFor(std::move(cause)));
  return absl::OkStatus();
}

bool ServiceUnit::WantsRestart() const {
  if (stop_asked_ || stop_pending() || host_.shutting_down() || marks.instance) return false;
  if (main_end_.has_value() && settings_->prevent_restart.Has(main_end_->exit)) return false;
  const bool aborted = result() == Result::kSignal || result() == Result::kCoreDump;
  switch (settings_->restart) {
    case RestartPolicy::kNo:
      return false;
    case RestartPolicy::kOnSuccess:
      return !failed();
    case RestartPolicy::kOnFailure:
      return failed();
    case RestartPolicy::kOnAbnormal:
      return aborted || result() == Result::kTimeout;
    case RestartPolicy::kOnAbort:
      return aborted;
    case RestartPolicy::kAlways:
      return true;
  }
  return false;
}

// The run is over: nothing of it stays but what it told of itself.
void ServiceUnit::CleanUp(bool comes_back) {
  GiveUp(std::move(main_));
  main_.Drop();
  run_.End();
  connection_ = Fd();
  if (settings_->store_preserve == StorePreserve::kNo) ClearStore();
  run_.RemoveDirectories(settings_->exec, comes_back);
  // systemd.service(5), PIDFile=: what is left of it is removed.
  if (const std::string& path = settings_->pid_file; !path.empty()) {
    const absl::Status removed = host_.loop().kernel().Remove(path, 0);
    if (!removed.ok() && !absl::IsNotFound(removed)) {
      LogFailure(Level::kDebug, "unit.pid-file-kept", removed, {{"path", path}});
    }
  }
}

// ---- what happens ----

void ServiceUnit::OnEvent(const Event& event) {
  if (main_.Hears(event)) return OnMain(event);
  if (OnControl(event)) return;
  if (run_.Hears(event) && event.kind == Event::Kind::kGroupEmpty) OnGroupEmpty();
}

void ServiceUnit::OnMain(const Event& event) {
  if (event.kind == Event::Kind::kExeced) {
    if (main_pid_ == 0) {  // its user had to be looked up: it was not born when it was launched
      main_pid_ = main_.child.pid();
      host_.OnChanged(*this);
    }
    const bool awaited = state() == ServiceState::kStart && settings_->type == ServiceType::kExec;
    if (awaited) Conclude(DoneFor({Cause::Kind::kProcess, "", "program runs"}));
    return;
  }
  OnMainEnded(EndOf(host_.loop().kernel(), main_, event, &settings_->success));
}

void ServiceUnit::OnMainEnded(const ProcessEnd& end) {
  main_end_ = end;
  main_exit_ = end.text;
  host_.OnChanged(*this);
  switch (kServiceMachine[IndexOf(state())].awaits) {
    case ServiceAwait::kReady:
      return Conclude(EndOfStart(end));
    case ServiceAwait::kMainEnd:
      return Conclude(EndingFor(end));
    case ServiceAwait::kReloaded:
      // Without its main process nobody will say that the reload is done.
      if (std::holds_alternative<Ready>(wait_)) Conclude(EndingFor(end));
      return;
    case ServiceAwait::kSigterm:
    case ServiceAwait::kSigkill: {
      const auto* wait = std::get_if<PendingSignal>(&wait_);
      const bool asked = wait == nullptr || wait->asked;
      const bool ours = asked && end.exit.how != Exit::How::kExited &&
                        (end.exit.status == kill().signal || end.exit.status == SIGKILL);
      if (!ours) Mark(EndingFor(end));
      return CheckSignals();
    }
    case ServiceAwait::kExecStop:
    case ServiceAwait::kExecEnd:
      return Mark(EndingFor(end));
    default:
      return;  // taken up when the service is to run (BeginMainEnd)
  }
}

Ending ServiceUnit::EndOfStart(const ProcessEnd& end) {
  Ending ended = EndingFor(end);
  if (ended.outcome == Outcome::kFailed) return ended;
  if (settings_->type != ServiceType::kOneshot) {
    return FailedFor(Result::kProtocol,
                     {Cause::Kind::kProcess, "", absl::StrCat(end.text, " before it was ready")});
  }
  if (start_index_ + 1 >= settings_->start.size()) return ended;
  return BeginMain(start_index_ + 1);
}

void ServiceUnit::OnGroupEmpty() {
  if (std::holds_alternative<PendingSignal>(wait_)) return CheckSignals();
  if (std::holds_alternative<MainEnd>(wait_) && !main_) {
    return Conclude(DoneFor({Cause::Kind::kProcess, "", "the last process ended"}));
  }
  const auto* ready = std::get_if<Ready>(&wait_);
  if (ready != nullptr && ready->retry) Conclude(FindMain());
}

void ServiceUnit::OnOther(Unit& /*other*/) {
  TidyStore();
}

bool ServiceUnit::IsStoreOver() const {
  if (!at_rest() || job() != nullptr) return false;
  if (host_.shutting_down() || definition()->service == nullptr) return true;
  const StorePreserve preserve = definition()->service->store_preserve;
  return preserve != StorePreserve::kYes && (preserve != StorePreserve::kOnSuccess || failed());
}

void ServiceUnit::TidyStore() {
  if (IsStoreOver()) ClearStore();
}

void ServiceUnit::ClearStore() {
  if (store_.empty()) return;
  store_.Clear();
  host_.OnChanged(*this);
}

void ServiceUnit::OnMoved(ServiceState from, ServiceState to) {
  Record({NameOf(from), NameOf(to), ActiveStateOf(to)});
  if (Rests(row().awaits) && marks.instance) host_.OnInstanceEnded(*this);
}

absl::Duration ServiceUnit::StepTimeout() const {
  return stopping_ ? settings_->timeout_stop : settings_->timeout_start;
}

}  // namespace socketd
