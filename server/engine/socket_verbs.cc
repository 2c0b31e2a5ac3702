// What a socket unit answers: to verbs, and to those who look.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/errors.h"
#include "server/engine/socket_unit.h"

namespace socketd {

// What counts now: of the run, else of the definition. Null if that has none.
const SocketSettings* SocketUnit::current() const {
  return settings_ != nullptr && !at_rest() ? settings_.get() : definition()->socket.get();
}

bool SocketUnit::accepts() const {
  return current() != nullptr && current()->accept;
}

UnitName SocketUnit::service_name() const {
  return current() != nullptr ? current()->service : unit_name().WithSuffix("service");
}

std::string SocketUnit::NameAt(size_t listener) const {
  const std::string& own = settings_->listeners[listener].name;
  if (!own.empty()) return own;
  if (!settings_->descriptor_name.empty()) return settings_->descriptor_name;
  return accepts() ? "connection" : name();
}

LentPorts SocketUnit::Lend() const {
  LentPorts lent{ports_.Lend(), {}};
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_.port(i).fd) lent.names.push_back(NameAt(i));
  }
  return lent;
}

void SocketUnit::LendTo(LaunchPlan& plan) const {
  LentPorts lent = Lend();
  if (lent.fds.empty()) return;
  plan.fds = std::move(lent.fds);
  plan.environment.emplace_back("LISTEN_FDS", absl::StrCat(plan.fds.size()));
  plan.environment.emplace_back("LISTEN_FDNAMES", absl::StrJoin(lent.names, ":"));
}

bool SocketUnit::Holds(const ListenSpec& spec) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    const ListenSpec& own = settings_->listeners[i].spec;
    const bool same_kind = Accepts(own.type) == Accepts(spec.type);
    if (same_kind && Overlap(ports_.port(i).bound, spec.address)) return true;
  }
  return false;
}

Unit* SocketUnit::service() const {
  if (accepts()) return nullptr;
  const auto triggers = links().of(LinkKind::kTriggers);
  return triggers.empty() ? nullptr : triggers.front();
}

absl::Status SocketUnit::CheckService() {
  if (accepts()) return host_.CheckTemplate(service_name());
  Unit* const other = service();
  if (other == nullptr || !other->loaded()) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "SERVICE_NOT_LOADED",
        absl::StrCat(service_name().text(), ", which ", name(), " would start, is not loaded"),
        {{"unit", name()}, {"service", service_name().text()}});
  }
  if (other->at_rest() || other->restarting()) return absl::OkStatus();
  if (other->active_state() == ActiveState::kDeactivating) return TryAgain(*other);
  return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_ACTIVE",
               absl::StrCat(other->name(), " runs already without ", name(),
                            ": stop it first, then the socket can have its addresses"),
               {{"unit", name()}, {"service", other->name()}});
}

absl::Status SocketUnit::AskStart(const Cause& cause) {
  if (active_state() == ActiveState::kDeactivating) return TryAgain(*this);
  if (!at_rest()) return absl::OkStatus();
  // While it ran, its edge led to the service of its run.
  if (settings_ != nullptr && settings_ != definition()->socket) host_.OnDefinition(*this);
  if (absl::Status ready = CheckService(); !ready.ok()) return ready;
  if (absl::Status admitted = AdmitRun(); !admitted.ok()) return admitted;
  settings_ = definition()->socket;
  look_at_queue_.Reset();
  missing_back_off_.Reset();
  BeginRun(cause);
  Settle(StartOf(row()));
  return absl::OkStatus();
}

absl::Status SocketUnit::NotActive() const {
  return Error(absl::StatusCode::kFailedPrecondition, "NOT_ACTIVE",
               absl::StrCat(name(), " is ", std::string(sub_state()), ": start it first"),
               {{"unit", name()}, {"state", std::string(sub_state())}});
}

absl::Status SocketUnit::AskPause(const Cause& cause) {
  if (state() == SocketState::kPaused) return absl::OkStatus();
  if (row().pause == SocketState::kNever) return NotActive();
  set_cause(cause);
  Settle(row().pause);
  return absl::OkStatus();
}

// What has come meanwhile is found as soon as the ports are watched again.
absl::Status SocketUnit::AskResume(const Cause& cause) {
  if (active_state() != ActiveState::kActive) return NotActive();
  if (state() == SocketState::kPaused) Conclude(DoneFor(cause));
  return absl::OkStatus();
}

absl::Status SocketUnit::Ask(Verb verb, const Cause& cause) {
  switch (verb) {
    case Verb::kStart:
      return AskStart(cause);
    case Verb::kStop:
      ObeyStop(cause);
      return absl::OkStatus();
    case Verb::kReset:
      triggers_.Reset();
      ForgetFailure(cause);
      return absl::OkStatus();
    case Verb::kPause:
      return AskPause(cause);
    case Verb::kResume:
      return AskResume(cause);
    case Verb::kReload:
      break;
  }
  return Error(absl::StatusCode::kFailedPrecondition, "NOT_RELOADABLE",
               absl::StrCat(name(), ": a socket has nothing to reload; restart it"),
               {{"unit", name()}});
}

SocketSnapshot SocketUnit::ShowSocket() const {
  SocketSnapshot shown;
  shown.connections = connections_;
  shown.counters = counters_;
  shown.failures = failures_;
  shown.skipped_detail = skipped_detail_;
  shown.service = service_name().text();
  const SocketSettings* const settings = current();
  if (settings == nullptr) return shown;
  for (size_t i = 0; i < settings->listeners.size(); ++i) {
    const SocketSettings::Listener& listener = settings->listeners[i];
    shown.listeners.push_back(
        {listener.kind, listener.address, i < ports_.size() ? ToText(ports_.port(i).bound) : ""});
  }
  return shown;
}

void SocketUnit::Show(UnitSnapshot& snapshot) const {
  snapshot.socket = ShowSocket();
  if (ports_.size() > 0) {
    const std::vector<std::string> warnings = ports_.warnings();
    snapshot.warnings.insert(snapshot.warnings.end(), warnings.begin(), warnings.end());
  }
  WarnOfShortage(snapshot.warnings);
  ShowPending(snapshot);
  if (const Process* process = control(); process != nullptr) {
    snapshot.control_pid = process->child.pid();
  }
}

Vitals SocketUnit::vitals() const {
  Vitals vitals;
  const Endings endings = EndingsOf(row().awaits);
  vitals.at_rest = Rests(row().awaits);
  vitals.ports_shut = row().ports == Ports::kShut;
  vitals.watches = row().awaits == SocketAwait::kTraffic;
  vitals.timed = endings.late && shortage().empty();
  vitals.command = std::holds_alternative<RunningCommand>(wait_);
  vitals.ports_open = ports_.size() - ports_.missing();
  vitals.ports_armed = ports_.armed();
  vitals.control_children = control() != nullptr && *control() ? 1 : 0;
  vitals.group = run_.has_group();
  vitals.deadlines = has_deadline() ? 1 : 0;
  if (const auto* traffic = std::get_if<Traffic>(&wait_)) {
    vitals.backing_off = traffic->paused() || traffic->resting();
  }
  if (settings_ == nullptr) return vitals;
  const bool defers = row().awaits == SocketAwait::kDeferral;
  const absl::Duration limit = defers ? settings_->defer_most : settings_->timeout;
  vitals.times_out = limit != absl::InfiniteDuration();
  // Four signal steps, and each command has its own time.
  const auto steps =
      static_cast<double>(4 + settings_->stop_pre.size() + settings_->stop_post.size());
  vitals.longest_stop = settings_->timeout * steps;
  return vitals;
}

}  // namespace socketd
