#include "server/engine/target_unit.h"

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/engine/remembered.pb.h"

namespace socketd {

void TargetUnit::Move(TargetState to, const Cause& cause) {
  if (state_ == to) return;
  const TargetState from = state_;
  state_ = to;
  if (to == TargetState::kActive) BeginRun(cause);
  set_cause(cause);
  Record({NameOf(from), NameOf(to), ActiveStateOf(to)});
}

absl::Status TargetUnit::Ask(Verb verb, const Cause& cause) {
  switch (verb) {
    case Verb::kStart:
      Move(TargetState::kActive, cause);
      return absl::OkStatus();
    case Verb::kStop:
      Move(TargetState::kDead, cause);
      return absl::OkStatus();
    case Verb::kReset:
      return absl::OkStatus();
    case Verb::kPause:
    case Verb::kResume:
      return NotASocket(*this);
    case Verb::kReload:
      break;
  }
  return Error(absl::StatusCode::kFailedPrecondition, "NOT_RELOADABLE",
               absl::StrCat(name(), ": a target has nothing to reload"), {{"unit", name()}});
}

std::optional<ActiveState> TargetUnit::RecallMore(const remembered::Unit& record) {
  state_ =
      record.state() == NameOf(TargetState::kActive) ? TargetState::kActive : TargetState::kDead;
  return ActiveStateOf(state_);
}

Vitals TargetUnit::vitals() const {
  Vitals vitals;
  vitals.at_rest = state_ == TargetState::kDead;
  vitals.ports_shut = true;
  return vitals;
}

}  // namespace socketd
