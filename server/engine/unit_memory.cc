// What all units remember beyond the daemon's end.
#include <string>
#include <utility>

#include "server/engine/remembered.h"
#include "server/engine/remembered.pb.h"
#include "server/engine/unit.h"

namespace socketd {

void Unit::Remember(remembered::Unit& record) const {
  record.set_name(name());
  record.set_state(sub_state_.data(), sub_state_.size());
  record.set_result(static_cast<uint32_t>(result_));
  Write(cause_, *record.mutable_cause());
  record.set_revision(revision_);
  record.set_changed(NanosOf(changed_));
  record.set_active_since(NanosOf(active_since_));
  record.set_inactive_since(NanosOf(inactive_since_));
  record.set_invocation_id(invocation_id_);
  record.set_trigger(trigger_);
  Write(starts_, *record.mutable_starts());
  record.set_refused_starts(refused_starts_);
  record.set_log_read(static_cast<uint64_t>(log_.read_end()));
  record.set_log_write(static_cast<uint64_t>(log_.write_end()));
  if (job_ != nullptr) {
    record.mutable_job()->set_work(std::string(NameOf(job_->work)));
    record.mutable_job()->set_unordered(job_->unordered);
    record.mutable_job()->set_running(job_->running);
    Write(job_->cause, *record.mutable_job()->mutable_cause());
  }
  RememberMore(record);
}

namespace {

// What the unit had been told to do, and has done since.
bool IsDone(const remembered::Job& job, ActiveState now) {
  const std::optional<Work> work = WorkOf(job.work());
  if (!job.running() || !work.has_value()) return false;
  if (*work == Work::kReload) return now != ActiveState::kReloading;
  const bool starts = *work == Work::kStart || *work == Work::kReloadOrStart;
  return starts && (AtRest(now) || now == ActiveState::kActive);
}

}  // namespace

bool Unit::Recall(remembered::Unit& record, const Change* last) {
  if (last != nullptr) {
    // It has moved since: what was known of the step before is over.
    record.set_state(std::string(last->to));
    record.set_result(static_cast<uint32_t>(last->result));
    Write(last->cause, *record.mutable_cause());
    record.set_revision(last->revision);
    record.set_changed(NanosOf(last->time));
    record.clear_heading();
    record.clear_deadline();
    record.clear_control();
    record.clear_command();
    record.clear_unasked();
  }
  const std::optional<absl::string_view> state = StateNameOf(record.state());
  const std::optional<Result> result = ResultOf(record.result());
  if (!state.has_value() || !result.has_value()) return false;
  const std::optional<ActiveState> active = RecallMore(record);
  if (!active.has_value()) return false;
  if (last != nullptr && IsDone(record.job(), *active)) record.clear_job();
  sub_state_ = *state;
  active_state_ = *active;
  result_ = *result;
  cause_ = CauseOf(record.cause());
  revision_ = record.revision();
  changed_ = TimeOf(record.changed());
  active_since_ = TimeOf(record.active_since());
  inactive_since_ = TimeOf(record.inactive_since());
  invocation_id_ = record.invocation_id();
  trigger_ = record.trigger();
  starts_ = WindowOf(record.starts());
  refused_starts_ = record.refused_starts();
  log_.Recall(static_cast<FileId>(record.log_read()), static_cast<FileId>(record.log_write()));
  if (at_rest()) log_.Close();
  return true;
}

}  // namespace socketd
