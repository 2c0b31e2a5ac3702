#include "server/engine/engine_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/unit/notify_message.h"

namespace socketd {
namespace {

// Steps of one turn's end; beyond it the loop gets a turn in between, so that dependencies that
// answer each other for ever cannot keep it from hearing of the world.
constexpr int kStepsPerTurn = 10000;

}  // namespace

EngineCore::EngineCore(EventLoop& loop, EngineOptions options)
    : loop_(loop),
      options_(std::move(options)),
      history_(options_.history_capacity),
      memory_(loop.kernel(), options_.memory_size),
      queue_([this](Unit& unit) {
        eased_ = true;
        // Sockets hear of the end of their service's job, and a unit of the end of its own.
        if (!std::exchange(unit.marks.moved, true)) moved_.push_back(&unit);
      }),
      table_(*this, options_) {
  // The loop outlives the engine and never forgets its work.
  loop_.AtEndOfTurn([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) EndTurn();
  });
}

EngineCore::~EngineCore() {
  Close();
}

void EngineCore::Close() {
  if (std::exchange(closing_, true)) return;
  for (Unit* unit : table_.All())
    queue_.Finish(*unit, ShuttingDown());
}

// ---- what units tell ----

int64_t EngineCore::OnMoved(Unit& unit, Change change) {
  const bool rests = AtRest(change.active_state);
  if (rests != unit.marks.resting) busy_ += rests ? -1 : 1;
  unit.marks.resting = rests;
  unit.marks.rested = unit.marks.rested || rests;
  eased_ = eased_ || rests;
  const absl::string_view deferred = NameOf(SocketState::kDeferred);
  if (change.from == deferred)
    deferred_.erase(std::find(deferred_.begin(), deferred_.end(), &unit));
  if (change.to == deferred) deferred_.push_back(&unit);
  unit.marks.failed = change.active_state == ActiveState::kFailed;
  Job* const job = unit.job();
  if (job != nullptr && job->running && change.active_state == ActiveState::kActive) {
    job->reached = true;
  }
  if (!std::exchange(unit.marks.moved, true)) moved_.push_back(&unit);
  OnChanged(unit);
  return Append(std::move(change));
}

void EngineCore::OnChanged(Unit& unit) {
  if (!std::exchange(unit.marks.dirty, true)) dirty_.push_back(&unit);
}

void EngineCore::OnGroup(GroupId group, Unit* unit) {
  if (unit == nullptr) {
    groups_.erase(group);
  } else {
    groups_[group] = unit;
  }
}

void EngineCore::OnInstanceEnded(Unit& unit) {
  if (!std::exchange(unit.marks.doomed, true)) doomed_.push_back(&unit);
}

void EngineCore::OnNotify(Packet& packet) {
  if (packet.truncated || packet.data.size() > kNotifyMessageLimit) return;
  const auto found = groups_.find(packet.peer.group);
  if (packet.peer.group == GroupId::kNone || found == groups_.end()) return;
  if (found->second->type() != UnitType::kService) return;
  auto& service = static_cast<ServiceUnit&>(*found->second);
  service.OnNotify(ParseNotifyMessage(packet.data), packet.peer, packet.fds);
  Remember(service);  // the packet is gone then
}

absl::Status EngineCore::Queue(Unit& unit, Work work, const Cause& cause) {
  if (shutting_down()) return ShuttingDown();
  Transaction transaction(JobMode::kReplace);
  if (absl::Status added = transaction.Add(unit, work, cause); !added.ok()) return added;
  Plan plan = transaction.Take();
  return queue_.Install(plan, JobMode::kReplace);
}

absl::Status EngineCore::QueueLeniently(Unit& unit, Work work, const Cause& cause) {
  if (shutting_down()) return ShuttingDown();
  Transaction transaction(JobMode::kReplace);
  if (absl::Status added = transaction.Add(unit, work, cause); !added.ok()) return added;
  Plan plan = transaction.Take();
  for (const PlannedJob& planned : plan.jobs) {
    if (!StopsFirst(planned.work) || planned.unit->at_rest()) continue;
    return Error(
        absl::StatusCode::kFailedPrecondition, "JOB_CONFLICT",
        absl::StrCat(planned.unit->name(), " would be stopped by the start of ", unit.name()),
        {{"unit", planned.unit->name()}});
  }
  return queue_.Install(plan, JobMode::kFail);
}

void EngineCore::RetryDeferred() {
  eased_ = false;
  for (Unit* unit : std::vector<Unit*>(deferred_))
    static_cast<SocketUnit*>(unit)->Retry();
}

absl::Status EngineCore::CheckTemplate(const UnitName& name) {
  return table_.TemplateOf(name).status();
}

std::string EngineCore::HolderOf(const ListenSpec& spec, const SocketUnit& except) const {
  for (const Unit* unit : table_.All()) {
    if (unit == &except || unit->type() != UnitType::kSocket) continue;
    if (static_cast<const SocketUnit*>(unit)->Holds(spec)) return unit->name();
  }
  return "";
}

absl::Status EngineCore::StartInstance(SocketUnit& socket, Connection connection) {
  if (shutting_down()) return ShuttingDown();
  const std::string peer = ToText(connection.remote);
  const absl::StatusOr<ServiceUnit*> made = table_.MakeInstance(socket, std::move(connection));
  if (!made.ok()) return made.status();
  ServiceUnit& unit = **made;
  socket.OnInstanceMade();
  Remember(unit);
  const Cause cause{Cause::Kind::kTraffic, socket.name(), peer};
  Announce(unit, News::kCreated, cause);
  absl::Status queued = Queue(unit, Work::kStart, cause);
  if (!queued.ok()) OnInstanceEnded(unit);
  return queued;
}

int64_t EngineCore::Announce(Unit& unit, News news, const Cause& cause) {
  Change change;
  change.time = loop_.wall_now();
  change.unit = unit.name();
  if (news != News::kCreated) change.from = unit.sub_state();
  if (news != News::kDeleted) change.to = unit.sub_state();
  change.active_state = unit.active_state();
  change.result = unit.result();
  change.cause = cause;
  if (news != News::kDeleted) OnChanged(unit);
  return Append(std::move(change));
}

// ---- the end of a turn ----

void EngineCore::EndTurn() {
  int steps = kStepsPerTurn;
  while (steps > 0 && !settled()) {
    if (!moved_.empty()) {
      Unit& unit = *moved_.front();
      moved_.pop_front();
      React(unit);
    } else if (!queue_.idle()) {
      queue_.RunOne();
    } else if (!doomed_.empty()) {
      Collect();
    } else {
      RetryDeferred();
    }
    --steps;
  }
  if (!settled()) loop_.kernel().Wake();
  Publish();
  CheckShutdown();
}

void EngineCore::React(Unit& unit) {
  unit.marks.moved = false;
  queue_.Progress(unit);
  unit.OnOther(unit);
  const auto triggered_by = unit.links().of(LinkKind::kTriggeredBy);
  for (Unit* socket : std::vector<Unit*>(triggered_by.begin(), triggered_by.end())) {
    socket->OnOther(unit);
    queue_.Enqueue(*socket);
  }
  if (unit.marks.instance && unit.at_rest() && unit.job() == nullptr) OnInstanceEnded(unit);
  if (std::exchange(unit.marks.rested, false) && unit.at_rest()) ReactToRest(unit);
}

void EngineCore::Follow(Unit& unit, Work work, const Cause& cause) {
  if (shutting_down()) return;
  const absl::Status queued = Queue(unit, work, cause);
  if (!queued.ok()) LogFailure(Level::kWarning, "job.refused", queued, {{"unit", unit.name()}});
}

void EngineCore::ReactToRest(Unit& unit) {
  const Cause cause{Cause::Kind::kDependency, unit.name(), std::string(NameOf(unit.result()))};
  const bool comes_back = unit.job() != nullptr && !unit.stop_pending();
  const auto bound = unit.links().of(LinkKind::kBoundBy);
  for (Unit* other : std::vector<Unit*>(bound.begin(), bound.end())) {
    if (other->is_up() && !other->stop_pending() && !comes_back) {
      Follow(*other, Work::kStop, cause);
    }
  }
  if (std::exchange(unit.marks.failed, false)) {
    const auto rescue = unit.links().of(LinkKind::kOnFailure);
    for (Unit* other : std::vector<Unit*>(rescue.begin(), rescue.end())) {
      if (other->at_rest() && other->job() == nullptr) Follow(*other, Work::kStart, cause);
    }
  }
  for (LinkKind kind : {LinkKind::kRequires, LinkKind::kWants, LinkKind::kBindsTo}) {
    const auto needed = unit.links().of(kind);
    for (Unit* other : std::vector<Unit*>(needed.begin(), needed.end()))
      StopUnneeded(*other);
  }
}

void EngineCore::StopUnneeded(Unit& unit) {
  if (!unit.loaded() || !unit.is_up() || unit.job() != nullptr) return;
  if (!unit.definition()->stop_when_unneeded) return;
  for (LinkKind kind : {LinkKind::kRequiredBy, LinkKind::kWantedBy, LinkKind::kBoundBy}) {
    for (const Unit* other : unit.links().of(kind)) {
      if (!other->at_rest() || other->job() != nullptr) return;
    }
  }
  Follow(unit, Work::kStop, {Cause::Kind::kDependency, "", "nobody needs it"});
}

// Instances go as soon as they rest, failed ones too; their failure stays in the log, the history
// and for a while with their socket.
void EngineCore::Collect() {
  for (Unit* unit : std::exchange(doomed_, {})) {
    unit->marks.doomed = false;
    if (!unit->at_rest() || unit->job() != nullptr || unit->marks.moved) continue;
    SocketUnit* const origin = static_cast<ServiceUnit*>(unit)->origin();
    if (unit->result() != Result::kSuccess) {
      Log(Level::kWarning, "instance.failed",
          {{"unit", unit->name()},
           {"result", NameOf(unit->result())},
           {"detail", unit->cause().detail}});
      if (origin != nullptr) origin->OnInstanceFailed(*unit);
    }
    Cause why{Cause::Kind::kStep, "", "collected"};
    if (unit->skipped_starts() > 0) {
      if (origin != nullptr) origin->OnInstanceSkipped(*unit);
      if (unit->start_check() != nullptr)
        why = {Cause::Kind::kCondition, "", unit->start_check()->unmet};
    }
    Announce(*unit, News::kDeleted, why);
    Drop(*unit);
    if (origin != nullptr) origin->OnInstanceGone();
  }
}

void EngineCore::Drop(Unit& unit) {
  if (unit.marks.dirty) {
    const auto at = std::find(dirty_.rbegin(), dirty_.rend(), &unit);
    dirty_.erase(std::next(at).base());
  }
  if (unit.marks.moved) {
    moved_.erase(std::remove(moved_.begin(), moved_.end(), &unit), moved_.end());
  }
  board_.Remove(unit.name());
  ForgetUnit(unit.name());
  table_.Remove(unit);
}

void EngineCore::Abandon(Unit& unit) {
  if (unit.links().Empty()) return Drop(unit);
  if (unit.type() == UnitType::kService) static_cast<ServiceUnit&>(unit).TidyStore();
  if (!Visible(unit)) return;
  unit.Forget();  // others name it: an empty place is kept for it
  OnChanged(unit);
}

bool EngineCore::Visible(const Unit& unit) const {
  const bool named_only = unit.definition()->loaded.state == LoadState::kNotFound;
  return !named_only || !unit.at_rest() || unit.revision() != 0;
}

void EngineCore::Publish() {
  if (dirty_.empty() && published_revision_ == history_.last_revision()) return ended_.clear();
  for (Unit* unit : std::exchange(dirty_, {})) {
    unit->marks.dirty = false;
    if (!IsTold(*unit)) Remember(*unit);
    if (Visible(*unit)) {
      board_.Put(unit->Snapshot());
    } else {
      board_.Remove(unit->name());
    }
  }
  ended_.clear();
  const bool changes = published_revision_ != history_.last_revision();
  published_revision_ = history_.last_revision();
  board_.Publish(published_revision_);
  if (changes && published_) published_();
}

// ---- the end of all ----

void EngineCore::Shutdown(const Cause& cause, std::function<void()> done) {
  if (std::exchange(shutting_down_, true)) return;
  shut_down_ = std::move(done);
  Transaction transaction(JobMode::kIgnoreDependencies);
  for (Unit* unit : table_.All()) {
    if (unit->at_rest() && unit->job() == nullptr) {
      if (unit->type() == UnitType::kService) static_cast<ServiceUnit*>(unit)->TidyStore();
      continue;
    }
    const absl::Status added = transaction.Add(*unit, Work::kStop, cause);
    if (!added.ok()) LogFailure(Level::kWarning, "job.refused", added, {{"unit", unit->name()}});
  }
  Plan plan = transaction.Take();
  const absl::Status installed = queue_.Install(plan, JobMode::kReplace);
  if (!installed.ok()) LogFailure(Level::kError, "shutdown.failed", installed);
  loop_.kernel().Wake();
}

void EngineCore::CheckShutdown() {
  if (shut_down_ == nullptr || busy_ > 0 || !settled()) return;
  std::exchange(shut_down_, nullptr)();
}

}  // namespace socketd
