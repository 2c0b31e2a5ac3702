#include "server/engine/socket_unit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {

SocketUnit::SocketUnit(UnitHost& host, UnitName name, DefinitionPtr definition)
    : Unit(host, std::move(name), std::move(definition)),
      ports_(host.loop(), *this),
      run_(host, *this),
      shortages_(std::make_shared<ShortageQueue>(host.loop())) {}

// ---- the meaning of the waits ----

Ending SocketUnit::Begin(SocketState next) {
  const SocketRow& row = kSocketMachine[IndexOf(next)];
  Process left = TakeControl();
  wait_ = std::monostate();
  // The first command that runs after the ports are shut gets them yet, if the commands do.
  const bool lends = row.awaits == SocketAwait::kExecEnd && settings_->lends_to_commands;
  if (row.ports == Ports::kShut && !lends) ClosePorts();
  switch (row.awaits) {
    case SocketAwait::kNothing:
      GiveUp(std::move(left));
      run_.End();
      run_.RemoveDirectories(settings_->exec, start_pending());
      return Outcome::kPending;
    case SocketAwait::kExecPre:
      return BeginCommand(settings_->start_pre, 0);
    case SocketAwait::kOpening:
      return BeginOpening();
    case SocketAwait::kExecPost:
      return BeginCommand(settings_->start_post, 0);
    case SocketAwait::kTraffic:
      return BeginTraffic();
    case SocketAwait::kServiceEnd:
      return BeginServiceEnd();
    case SocketAwait::kDeferral:
      set_cause(
          {Cause::Kind::kDependency, service_name().text(), std::string(failure().message())});
      wait_ = Deferral{DeadlineIn(settings_->defer_most)};
      return Outcome::kPending;
    case SocketAwait::kCoolDown:
      return BeginCoolDown();
    case SocketAwait::kResume:
      return Outcome::kPending;
    case SocketAwait::kSigterm:
      return BeginSignal(false, std::move(left));
    case SocketAwait::kSigkill:
      return BeginSignal(true, std::move(left));
    case SocketAwait::kExecStopPre:
      PutDown(std::move(left));
      return BeginCommand(settings_->stop_pre, 0);
    case SocketAwait::kExecEnd: {
      PutDown(std::move(left));
      const Ending begun = BeginCommand(settings_->stop_post, 0);
      ClosePorts();
      return begun;
    }
  }
  return Outcome::kPending;
}

// Who still waits at ports that nobody else can accept from is refused by that, and counted.
void SocketUnit::ClosePorts() {
  const bool ours = ports_.size() > 0 && settings_->accept && !settings_->lends_to_commands;
  if (ours) counters_.refused_stopping += ports_.Flush();
  look_for_missing_ = Timer();
  ports_.Close();
}

absl::StatusOr<Process> SocketUnit::Start(const v1::Command& command) {
  LaunchPlan plan;
  plan.command = &command;
  plan.exec = &settings_->exec;
  plan.environment.emplace_back("INVOCATION_ID", invocation_id());
  if (settings_->lends_to_commands) LendTo(plan);
  return run_.Launch(plan);
}

Ending SocketUnit::BeginOpening() {
  if (settings_->owner.user.empty() && settings_->owner.group.empty()) return OpenPorts(Owner());
  // Names may take seconds to look up (NSS): the answer comes as an event.
  Opening wait{Subscription(host_.loop(), *this), Deadline()};
  const Token token = wait.lookup.token();
  wait_ = std::move(wait);
  host_.loop().kernel().Lookup(settings_->owner, token);
  return Outcome::kPending;
}

Ending SocketUnit::OpenPorts(const Owner& owner, absl::Span<const uint32_t> before) {
  const absl::Status opened = ports_.Open(settings_, owner, before);
  if (opened.ok()) settings_ = ports_.settings();
  LookForMissing();
  if (opened.ok()) return Outcome::kDone;
  return FailedBy(NameHolder(opened, settings_->listeners[ports_.failed()]));
}

absl::Status SocketUnit::NameHolder(absl::Status status,
                                    const SocketSettings::Listener& listener) const {
  if (ReasonOf(status) != "PORT_IN_USE") return status;
  const std::string holder = Holds(listener.spec) ? name() : host_.HolderOf(listener.spec, *this);
  if (holder.empty()) return status;
  return Error(status.code(), "PORT_IN_USE", absl::StrCat(listener.address, " is held by ", holder),
               {{"address", listener.address}, {"holder", holder}, {"holder_unit", holder}});
}

void SocketUnit::OnLookedUp(Token token) {
  const absl::StatusOr<Owner> owner = host_.loop().kernel().TakeLookup(token);
  Conclude(owner.ok() ? OpenPorts(*owner) : FailedBy(owner.status()));
}

Ending SocketUnit::BeginTraffic() {
  Unit* const other = service();
  if (other != nullptr) refused_starts_ = other->refused_starts();
  if (other != nullptr && other->is_up()) {
    return DoneFor({Cause::Kind::kDependency, other->name(), ""});
  }
  const bool back = state() == SocketState::kRunning || state() == SocketState::kCooling;
  back_since_ = back ? host_.loop().now() : Instant::Start();
  // Who came while it listened already, and a daemon was killed, is not dropped.
  const bool goes_on = state() == SocketState::kListening;
  if (settings_->flush_pending && !settings_->accept && !goes_on) ports_.Flush();
  const absl::Status armed = Watch();
  if (!armed.ok() && !IsResourceShortage(armed)) {
    ports_.Disarm();
    return FailedBy(armed);
  }
  wait_.emplace<Traffic>(ports_);
  if (!armed.ok()) PauseAccepting();
  return Outcome::kPending;
}

Ending SocketUnit::BeginServiceEnd() {
  Unit* const other = service();
  if (other == nullptr) {
    return FailedFor(
        Result::kResources,
        {Cause::Kind::kFailure, "", absl::StrCat("there is no room for ", service_name().text())});
  }
  refused_starts_ = other->refused_starts();
  skipped_starts_ = other->skipped_starts();
  run_before_.reset();
  if (other->at_rest()) run_before_ = other->invocation_id();
  wait_ = ServiceEnd();
  // Whoever stops or restarts the service goes first; what is queued waits for its end.
  if (other->is_up() || other->job() != nullptr) return Outcome::kPending;
  return QueueStart(*other);
}

// A start that would stop something is skipped, for now.
Ending SocketUnit::QueueStart(Unit& other) {
  const Cause traffic{Cause::Kind::kTraffic, name(), cause().detail};
  const bool defers = settings_->defer != DeferTrigger::kNo;
  const absl::Status queued = defers ? host_.QueueLeniently(other, Work::kStart, traffic)
                                     : host_.Queue(other, Work::kStart, traffic);
  if (queued.ok()) return Outcome::kPending;
  const bool waits = defers && ReasonOf(queued) == "JOB_CONFLICT" &&
                     (settings_->defer == DeferTrigger::kPatient || host_.has_jobs());
  if (!waits) return FailedBy(queued);
  set_failure(queued);
  return Outcome::kSkip;
}

void SocketUnit::Retry() {
  Unit* const other = service();
  if (other == nullptr || stop_pending()) return;
  const Ending tried =
      other->is_up() || other->job() != nullptr ? Ending(Outcome::kPending) : QueueStart(*other);
  if (tried.outcome == Outcome::kFailed) return Conclude(tried);
  if (tried.outcome == Outcome::kPending) Conclude(DoneFor({Cause::Kind::kTraffic, name(), ""}));
}

// Who comes meanwhile is queued in the kernel.
Ending SocketUnit::BeginCoolDown() {
  wait_ = Delay{DeadlineAfter(host_.loop(), cooling_, [this] {
    Conclude(DoneFor({Cause::Kind::kLimit, "", "cooled down"}));
  })};
  return Outcome::kPending;
}

// ---- what happens ----

void SocketUnit::OnEvent(const Event& event) {
  if (OnControl(event)) return;
  if (run_.Hears(event)) return CheckSignals();
  if (const auto* opening = std::get_if<Opening>(&wait_)) {
    if (opening->lookup.token() == event.token) OnLookedUp(event.token);
    return;
  }
  const Fd* const port = ports_.Find(event);
  if (port != nullptr && std::holds_alternative<Traffic>(wait_)) OnTraffic(*port, event);
}

void SocketUnit::OnTraffic(const Fd& port, const Event& event) {
  // A stop that is on its way wins; what came stays queued, and is found again if it is called off.
  if (stop_pending()) return ports_.Disarm();
  if (settings_->accept && event.readable && !event.hang_up) return AcceptSome(port);
  const size_t index = ports_.IndexOf(port);
  if (AtLimit(index, true)) return;
  Count(index);
  if (event.hang_up || !event.readable) return WatchAgain();
  ++counters_.triggered;
  waited_ = Suspicious() ? ports_.Queued() : std::vector<uint64_t>();
  Conclude(DoneFor({Cause::Kind::kTraffic, name(), ""}));
}

// Who is beyond a limit stays queued in the kernel.
bool SocketUnit::AtLimit(size_t index, bool somebody_waits) {
  const Instant now = host_.loop().now();
  const bool polls = ports_.polls(index).Full(settings_->poll_limit, now);
  if (!polls && !triggers_.Full(settings_->trigger_limit, now)) return false;
  if (somebody_waits && polls) Rest(index);
  if (somebody_waits && !polls) Conclude(HitTriggerLimit());
  return true;
}

void SocketUnit::Count(size_t index) {
  const Instant now = host_.loop().now();
  ports_.polls(index).Admit(settings_->poll_limit, now);
  triggers_.Admit(settings_->trigger_limit, now);
}

// No failure and no move: the other ports are watched as before.
void SocketUnit::Rest(size_t index) {
  ++counters_.poll_limit_hits;
  host_.OnChanged(*this);
  ports_.Disarm(index);
  const Instant end = ports_.polls(index).End(settings_->poll_limit);
  std::get<Traffic>(wait_).Rest(host_.loop().timers().At(end, [this] { WatchAgain(); }));
}

Ending SocketUnit::HitTriggerLimit() {
  ++counters_.trigger_limit_hits;
  const RateLimit& limit = settings_->trigger_limit;
  Cause why{Cause::Kind::kLimit, "",
            absl::StrCat("trigger limit: more than ", limit.burst, " in ",
                         absl::FormatDuration(limit.interval))};
  if (!settings_->trigger_limit_fails) return CoolDown(std::move(why));
  return FailedFor(Result::kTriggerLimitHit, std::move(why));
}

Ending SocketUnit::CoolDown(Cause why) {
  cooling_ = back_off_.Next(host_.loop().now(), settings_->trigger_limit.interval);
  ++counters_.coolings;
  look_at_queue_.Reset();
  triggers_.Reset();  // what comes after it is counted anew
  absl::StrAppend(&why.detail, "; cools down for ", absl::FormatDuration(cooling_));
  return {Outcome::kOver, Result::kSuccess, std::move(why)};
}

// To look what waits costs a walk through the kernel's sockets, so it is done only where it may
// tell something: who comes later than this has not waited for the service that ended.
// A busy service is woken so each time: the more often it took what waited, the less it is asked.
bool SocketUnit::Suspicious() {
  constexpr absl::Duration kAtOnce = absl::Milliseconds(100);
  const bool at_once = host_.loop().now() - back_since_ < kAtOnce;
  return at_once && !settings_->trigger_limit_fails && look_at_queue_.Due();
}

// A service that did not run, or took nothing of what waited for it, would be started for ever.
Ending SocketUnit::EndOfService(const Unit& other) {
  const std::vector<uint64_t> waited = std::exchange(waited_, {});
  Cause cause{Cause::Kind::kLimit, other.name(), ""};
  if (other.refused_starts() != refused_starts_) {
    cause.detail = "start limit of the service";
    if (!settings_->trigger_limit_fails) return CoolDown(std::move(cause));
    return FailedFor(Result::kServiceStartLimitHit, std::move(cause));
  }
  if (settings_->trigger_limit_fails) return DoneFor({Cause::Kind::kDependency, other.name(), ""});
  if (other.invocation_id() == run_before_) {
    const bool skipped =
        other.skipped_starts() != skipped_starts_ && other.start_check() != nullptr;
    cause.detail = absl::StrCat(other.name(), " did not start", skipped ? ": " : "",
                                skipped ? other.start_check()->unmet : "");
    return CoolDown(std::move(cause));
  }
  const std::vector<uint64_t> waits = waited.empty() ? waited : ports_.Queued();
  if (!waited.empty() && std::includes(waits.begin(), waits.end(), waited.begin(), waited.end())) {
    cause.detail = absl::StrCat(other.name(), " ended without accepting");
    return CoolDown(std::move(cause));
  }
  if (!waited.empty()) look_at_queue_.Passed();
  return DoneFor({Cause::Kind::kDependency, other.name(), ""});
}

absl::Status SocketUnit::Watch() {
  absl::Status armed = ports_.Arm(settings_->accept ? Arming::kLevel : Arming::kOnce);
  LookForMissing();
  return armed;
}

// What could not be opened is tried again every now and then, less and less often.
void SocketUnit::LookForMissing() {
  if (!settings_->partial_listen || ports_.missing() == 0 || look_for_missing_) return;
  const absl::Duration wait = missing_back_off_.Next(host_.loop().now());
  look_for_missing_ = DeadlineAfter(host_.loop(), wait, [this] {
    const size_t before = ports_.missing();
    ports_.OpenMissing();
    if (ports_.missing() != before) missing_back_off_.Reset();
    const auto* const traffic = std::get_if<Traffic>(&wait_);
    host_.OnChanged(*this);
    if (ports_.missing() == before || traffic == nullptr || traffic->paused() || stop_pending())
      return LookForMissing();
    WatchAgain();
  });
}

// A port hung up: it is put back in order or opened anew.
void SocketUnit::WatchAgain() {
  ports_.Disarm();
  const absl::Status armed = Watch();
  host_.OnChanged(*this);  // what was opened anew may be bound elsewhere
  if (armed.ok()) return;
  if (IsResourceShortage(armed)) return PauseAccepting();
  Conclude(FailedBy(armed));
}

void SocketUnit::OnOther(Unit& other) {
  if (&other == this) {
    // A stop that was called off has left ports unwatched: those with traffic, and new ones.
    const bool all = ports_.armed() + ports_.missing() == ports_.size();
    if (std::holds_alternative<Traffic>(wait_) && !stop_pending() && !all &&
        !std::get<Traffic>(wait_).paused()) {
      WatchAgain();
    }
    return;
  }
  if (accepts() || &other != service()) return;
  if (!Lasts(row().awaits)) return;
  if (state() == SocketState::kListening && other.is_up()) {
    return Conclude(DoneFor({Cause::Kind::kDependency, other.name(), ""}));
  }
  if (!other.at_rest() || other.job() != nullptr) return;
  const bool gives_up = settings_->trigger_limit_fails && other.refused_starts() != refused_starts_;
  if (state() == SocketState::kRunning || gives_up) Conclude(EndOfService(other));
}

void SocketUnit::OnMoved(SocketState from, SocketState to) {
  Record({NameOf(from), NameOf(to), ActiveStateOf(to)});
}

}  // namespace socketd
