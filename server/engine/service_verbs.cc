// What a service answers: to verbs, and to those who look.
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/engine/service_unit.h"

namespace socketd {

absl::Status ServiceUnit::AskStart(const Cause& cause) {
  if (active_state() == ActiveState::kDeactivating) return TryAgain(*this);
  if (restarting()) return OnDelay(cause);
  if (!at_rest()) return absl::OkStatus();
  if (!marks.instance) {
    if (absl::Status admitted = AdmitRun(); !admitted.ok()) return admitted;
  }
  settings_ = definition()->service;
  stop_asked_ = false;
  restarts_ = 0;
  reload_failed_ = false;
  said_ = Said::kNothing;
  unstored_ = 0;
  main_end_.reset();
  main_exit_.clear();
  status_text_.clear();
  main_pid_ = 0;
  BeginRun(cause);
  Settle(StartOf(row()));
  return absl::OkStatus();
}

absl::Status ServiceUnit::AskReload(const Cause& cause) {
  if (row().reload == ServiceState::kNever) {
    if (active_state() == ActiveState::kReloading) return absl::OkStatus();
    if (active_state() == ActiveState::kActivating) return TryAgain(*this);
    return Error(
        absl::StatusCode::kFailedPrecondition, "NOT_ACTIVE",
        absl::StrCat(name(), " is ", std::string(sub_state()), ", there is nothing to reload"),
        {{"unit", name()}});
  }
  const bool by_signal = settings_->type == ServiceType::kNotifyReload && main_;
  if (settings_->reload.empty() && !by_signal) {
    return Error(absl::StatusCode::kFailedPrecondition, "NOT_RELOADABLE",
                 absl::StrCat(name(), " has no ExecReload="), {{"unit", name()}});
  }
  set_cause(cause);
  Settle(row().reload);
  return absl::OkStatus();
}

absl::Status ServiceUnit::Ask(Verb verb, const Cause& cause) {
  switch (verb) {
    case Verb::kStart:
      return AskStart(cause);
    case Verb::kReload:
      return AskReload(cause);
    case Verb::kStop:
      stop_asked_ = true;
      ObeyStop(cause);
      break;
    case Verb::kReset:
      ForgetFailure(cause);
      break;
    case Verb::kPause:
    case Verb::kResume:
      return NotASocket(*this);
  }
  return absl::OkStatus();
}

absl::Status ServiceUnit::last_reload() const {
  if (!reload_failed_) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "COMMAND_FAILED",
               absl::StrCat("the reload of ", name(), " failed: ", cause().detail),
               {{"unit", name()}});
}

void ServiceUnit::Show(UnitSnapshot& snapshot) const {
  snapshot.service.main_pid = main_.child.pid();
  snapshot.service.status_text = status_text_;
  snapshot.service.restarts = restarts_;
  snapshot.service.main_exit = main_exit_;
  if (definition()->service != nullptr)
    snapshot.service.store_most = definition()->service->store_most;
  snapshot.service.stored = store_.Show();
  if (unstored_ > 0) {
    snapshot.warnings.push_back(
        absl::StrCat("descriptors that it wanted to leave here and were closed, as there was no "
                     "room: ",
                     unstored_));
  }
  if (const Process* process = control(); process != nullptr) {
    snapshot.control_pid = process->child.pid();
  }
  WarnOfShortage(snapshot.warnings);
}

Vitals ServiceUnit::vitals() const {
  Vitals vitals;
  vitals.at_rest = Rests(row().awaits);
  vitals.ports_shut = true;
  vitals.timed = EndingsOf(row().awaits).late && shortage().empty();
  vitals.command = std::holds_alternative<RunningCommand>(wait_);
  vitals.control_children = control() != nullptr && *control() ? 1 : 0;
  vitals.main_children = main_ ? 1 : 0;
  vitals.group = run_.has_group();
  vitals.store_is_over = !store_.empty() && IsStoreOver();
  vitals.deadlines = has_deadline() ? 1 : 0;
  if (settings_ == nullptr) return vitals;
  vitals.times_out = StepTimeout() != absl::InfiniteDuration();
  const auto steps = static_cast<double>(4 + settings_->stop.size() + settings_->stop_post.size());
  vitals.longest_stop = settings_->timeout_stop * steps;
  return vitals;
}

}  // namespace socketd
