// What a socket unit remembers beyond the daemon's end, and how it goes on.
#include <utility>

#include "server/base/errors.h"
#include "server/engine/remembered.h"
#include "server/engine/remembered.pb.h"
#include "server/engine/socket_unit.h"

namespace socketd {
namespace {

void Write(const SocketCounters& counters, remembered::Socket& record) {
  record.set_accepted(counters.accepted);
  record.set_refused_max_connections(counters.refused_max_connections);
  record.set_refused_per_source(counters.refused_per_source);
  record.set_refused_stopping(counters.refused_stopping);
  record.set_refused_resources(counters.refused_resources);
  record.set_failed(counters.failed);
  record.set_skipped(counters.skipped);
  record.set_triggered(counters.triggered);
  record.set_trigger_limit_hits(counters.trigger_limit_hits);
  record.set_poll_limit_hits(counters.poll_limit_hits);
  record.set_coolings(counters.coolings);
}

SocketCounters CountersOf(const remembered::Socket& record) {
  SocketCounters counters;
  counters.accepted = record.accepted();
  counters.refused_max_connections = record.refused_max_connections();
  counters.refused_per_source = record.refused_per_source();
  counters.refused_stopping = record.refused_stopping();
  counters.refused_resources = record.refused_resources();
  counters.failed = record.failed();
  counters.skipped = record.skipped();
  counters.triggered = record.triggered();
  counters.trigger_limit_hits = record.trigger_limit_hits();
  counters.poll_limit_hits = record.poll_limit_hits();
  counters.coolings = record.coolings();
  return counters;
}

}  // namespace

void SocketUnit::RememberMore(remembered::Unit& unit) const {
  RememberWalk(unit);
  remembered::Socket& record = *unit.mutable_socket();
  Write(counters_, record);
  socketd::Write(triggers_, *record.mutable_triggers());
  record.set_skipped_detail(skipped_detail_);
  record.set_instances(instances_);
  record.set_cooling(absl::ToInt64Nanoseconds(cooling_));
  record.set_refused_starts(refused_starts_);
  if (run_before_.has_value()) record.set_run_before(*run_before_);
  if (ports_.owner().uid.has_value()) record.set_owner_uid(*ports_.owner().uid);
  if (ports_.owner().gid.has_value()) record.set_owner_gid(*ports_.owner().gid);
  record.set_listening(ports_.size() > 0);
  for (size_t i = 0; i < ports_.size(); ++i)
    record.add_bound_ports(PortOf(ports_.port(i).bound));
}

std::optional<ActiveState> SocketUnit::RecallMore(const remembered::Unit& unit) {
  const SocketState state = StateOf(unit.state());
  const bool rests = state == SocketState::kDead || state == SocketState::kFailed;
  if (state == SocketState::kNever || (!rests && definition()->socket == nullptr)) return {};
  settings_ = definition()->socket;
  const remembered::Socket& record = unit.socket();
  counters_ = CountersOf(record);
  triggers_ = WindowOf(record.triggers());
  skipped_detail_ = record.skipped_detail();
  instances_ = record.instances();
  cooling_ = absl::Nanoseconds(record.cooling());
  refused_starts_ = record.refused_starts();
  run_before_.reset();
  if (record.has_run_before()) run_before_ = record.run_before();
  Walk::Recall(state);
  return ActiveStateOf(state);
}

void SocketUnit::Resume(const remembered::Unit& unit) {
  const SocketState next = NextOf(unit);
  const SocketRow& row = kSocketMachine[IndexOf(next)];
  if (Rests(row.awaits)) return;
  run_.Recall(static_cast<GroupId>(unit.group()));
  // What was open before is open yet; what the file says by now is opened with it.
  const bool opens = row.ports == Ports::kKept && row.awaits != SocketAwait::kOpening;
  if (opens) {
    Owner owner;
    if (unit.socket().has_owner_uid()) owner.uid = unit.socket().owner_uid();
    if (unit.socket().has_owner_gid()) owner.gid = unit.socket().owner_gid();
    const Ending opened = OpenPorts(owner, unit.socket().bound_ports());
    if (opened.outcome == Outcome::kFailed) Mark(opened);
    if (opened.outcome == Outcome::kFailed && row.stop != SocketState::kNever)
      return Settle(row.stop);
  }
  if (host_.options().hold && row.pause != SocketState::kNever) {
    set_cause({Cause::Kind::kDaemon, "", "held: socketd was killed or crashed too often"});
    return Settle(row.pause);
  }
  Walk::Resume(next, [&](SocketState state) { return ResumeWait(state, unit); });
  if (active_state() == ActiveState::kActive && accepts()) AdmitLost();
}

Ending SocketUnit::ResumeWait(SocketState state, const remembered::Unit& unit) {
  const SocketRow& row = kSocketMachine[IndexOf(state)];
  switch (row.awaits) {
    case SocketAwait::kExecPre:
      return ResumeCommand(settings_->start_pre, unit);
    case SocketAwait::kExecPost:
      return ResumeCommand(settings_->start_post, unit);
    case SocketAwait::kExecStopPre:
      return ResumeCommand(settings_->stop_pre, unit);
    case SocketAwait::kExecEnd:
      return ResumeCommand(settings_->stop_post, unit);
    case SocketAwait::kServiceEnd:
      return ResumeServiceEnd();
    case SocketAwait::kDeferral:
      wait_ = Deferral{DeadlineIn(settings_->defer_most)};
      RestoreDeadline(unit);
      return Outcome::kPending;
    case SocketAwait::kCoolDown:
      if (unit.deadline() != 0) cooling_ = InstantOf(unit.deadline()) - host_.loop().now();
      return BeginCoolDown();
    case SocketAwait::kSigterm:
    case SocketAwait::kSigkill:
      return ResumeSignal(row, unit);
    default:
      return Begin(state);
  }
}

// Its start may not have been asked for yet, and its end not been heard of.
Ending SocketUnit::ResumeServiceEnd() {
  Unit* const other = service();
  if (other == nullptr) return BeginServiceEnd();
  wait_ = ServiceEnd();
  if (!other->at_rest() || other->job() != nullptr) return Outcome::kPending;
  // Whether it has moved since this unit did, or was not let; else nobody has told it to start.
  const bool ran = other->revision() > revision() || other->refused_starts() != refused_starts_;
  return ran ? EndOfService(*other) : QueueStart(*other);
}

// Whom the daemon before had accepted when it ended, and nobody serves yet.
void SocketUnit::AdmitLost() {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (!ports_.port(i).fd) continue;
    connection_name_ = NameAt(i);
    for (Connection& connection : host_.loop().kernel().TakeConnections(ports_.port(i))) {
      const Ending admitted = Admit(std::move(connection));
      if (admitted.outcome != Outcome::kPending) return Conclude(admitted);
    }
  }
}

}  // namespace socketd
