// The engine inside: units, jobs, what moves of one unit mean for others, and what others may see.
// A turn's end looks only at units that something happened to: moved ones, jobs that may run,
// instances that ended. Owned by Engine; engine thread only, except board and history.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "server/engine/board.h"
#include "server/engine/engine_handle.h"
#include "server/engine/engine_options.h"
#include "server/engine/history.h"
#include "server/engine/job_queue.h"
#include "server/engine/memory.h"
#include "server/engine/unit_host.h"
#include "server/engine/unit_table.h"
#include "server/loop/event_loop.h"

namespace socketd {

struct Reading;

class EngineCore final : public UnitHost {
 public:
  EngineCore(EventLoop& loop, EngineOptions options);
  ~EngineCore();

  // ---- for units (unit_host.h) ----
  EventLoop& loop() override { return loop_; }
  const EngineOptions& options() const override { return options_; }
  int64_t OnMoved(Unit& unit, Change change) override;
  void OnChanged(Unit& unit) override;
  void OnStep(Unit& unit) override { Remember(unit); }
  void OnEnded(Child child) override { ended_.push_back(std::move(child)); }
  void OnGroup(GroupId group, Unit* unit) override;
  void OnInstanceEnded(Unit& unit) override;
  bool shutting_down() const override { return shutting_down_ || closing_; }
  absl::Status Queue(Unit& unit, Work work, const Cause& cause) override;
  absl::Status QueueLeniently(Unit& unit, Work work, const Cause& cause) override;
  bool has_jobs() const override { return queue_.jobs() > 0; }
  void OnDefinition(Unit& unit) override { table_.Relink(unit); }
  Unit* Load(absl::string_view name) override { return table_.Load(name); }
  absl::Status CheckTemplate(const UnitName& name) override;
  std::string HolderOf(const ListenSpec& spec, const SocketUnit& except) const override;
  bool has_room() const override { return table_.HasRoomFor(1); }
  absl::Status StartInstance(SocketUnit& socket, Connection connection) override;

  // ---- verbs; answers as in engine_handle.h ----
  void Submit(const JobRequest& request, Answer<JobReport> answer);
  absl::StatusOr<UnitSnapshotPtr> Pause(const PauseRequest& request) const;
  absl::StatusOr<UnitSnapshotPtr> Create(const UnitSource& source);
  absl::StatusOr<UnitSnapshotPtr> Update(const UnitSource& source);
  absl::StatusOr<int64_t> Delete(const UnitSource& source);
  absl::StatusOr<ChangePlan> PlanUnits(const ApplyRequest& request);
  void ApplyUnits(const ApplyRequest& request, Answer<ApplyReport> answer);
  absl::StatusOr<std::vector<std::string>> ResetFailed(const std::vector<std::string>& units);
  absl::StatusOr<UnitSnapshotPtr> CleanStore(const std::string& unit);
  absl::StatusOr<UnitSnapshotPtr> Look(const std::string& name);
  absl::StatusOr<DumpReport> Dump(const std::string& name) const;
  // Reads all files; watchers hear of each unit that is new, changed or gone. Null `cause`: the
  // first time, when there is nobody to tell.
  LoadReport LoadAll(const Cause* cause);
  // Goes on where the daemon before was when it ended; after LoadAll. False: there was none.
  bool Recall();
  void SayServing() { memory_.SayServing(); }
  void SayStopped() { memory_.Forget(); }
  void OnNotify(Packet& packet);
  void Shutdown(const Cause& cause, std::function<void()> done);

  // ---- for everybody ----
  BoardPtr board() const { return board_.board(); }
  const History& history() const { return history_; }
  void OnPublished(std::function<void()> published) { published_ = std::move(published); }

  const UnitTable& table() const { return table_; }
  Unit* Find(absl::string_view name) const { return table_.Find(name); }
  // The daemon ends: whatever still waits is answered with UNAVAILABLE (SHUTTING_DOWN).
  void Close();
  bool closing() const { return closing_; }
  // Nothing is left to do before the next event.
  bool settled() const {
    return moved_.empty() && queue_.idle() && doomed_.empty() && !retries_due();
  }

 private:
  void EndTurn();
  // What the moves of one unit mean for the others.
  void React(Unit& unit);
  void ReactToRest(Unit& unit);
  void StopUnneeded(Unit& unit);
  // Queues what nobody asked for: a refusal is only logged.
  void Follow(Unit& unit, Work work, const Cause& cause);
  void Collect();
  // Something has come to rest or is done: whoever has deferred a start may try again.
  bool retries_due() const { return eased_ && !deferred_.empty(); }
  void RetryDeferred();
  void Drop(Unit& unit);
  void Publish();
  bool Visible(const Unit& unit) const;
  void Remember(const Unit& unit);
  // The record made at its birth and the change since say all that there is to know.
  static bool IsTold(const Unit& unit);
  void ForgetUnit(const std::string& name);
  // Numbers and keeps a change, here and beyond the daemon's end.
  int64_t Append(Change change);
  Unit* RecallUnit(remembered::Unit& record, const Change* last);
  using Recalled = std::vector<std::pair<Unit*, remembered::Unit>>;
  void RecallJobs(const Recalled& recalled);
  void Correct(const absl::flat_hash_map<std::string, const Change*>& last);
  void AddUnrecorded(std::vector<remembered::Unit>& units,
                     const absl::flat_hash_map<std::string, const Change*>& last);
  void CheckShutdown();

  absl::StatusOr<std::vector<Unit*>> Concerned(const JobRequest& request, Unit& unit) const;
  absl::Status Request(const JobRequest& request, Unit& unit, Answer<JobReport>& answer);
  // Restarts what the plan names; what goes wrong is a warning.
  void Restart(ApplyReport report, const Cause& cause, Answer<ApplyReport> answer);
  // Whose file was changed, and what could not be changed on its open ports.
  void ChangeInPlace(SocketUnit& socket, LoadReport& report);
  absl::StatusOr<UnitSnapshotPtr> Store(const UnitSource& source, const UnitName& name);
  // What happens to a unit besides its moves.
  enum class News : uint8_t { kCreated, kChanged, kDeleted };
  int64_t Announce(Unit& unit, News news, const Cause& cause);
  // Tells watchers what an apply did to a unit. Null: there is none.
  void AnnounceOutcome(Unit* unit, UnitChange::Action action, const Cause& cause);
  // Tells watchers what became of a unit when its files were read again. Null: it was not there.
  void AnnounceReload(Unit& unit, const Reading* before, const Cause& cause);
  // The unit's definition is gone, and it is at rest.
  void Abandon(Unit& unit);

  EventLoop& loop_;
  const EngineOptions options_;
  History history_;
  Memory memory_;
  remembered::Unit record_;  // one for all, so that its parts need not be made anew
  BoardMaker board_;
  std::function<void()> published_;
  absl::flat_hash_map<GroupId, Unit*> groups_;
  JobQueue queue_;
  std::vector<Child> ended_;  // since the last turn
  std::deque<Unit*> moved_;
  std::vector<Unit*> dirty_;
  std::vector<Unit*> doomed_;
  std::vector<Unit*> deferred_;  // sockets in that state
  bool eased_ = false;           // since they tried last
  size_t busy_ = 0;              // units not at rest
  int64_t published_revision_ = 0;
  bool shutting_down_ = false;
  std::function<void()> shut_down_;  // to be called when nothing runs any more; then null
  bool closing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  UnitTable table_;  // last: units tell the rest about their end
};

}  // namespace socketd
