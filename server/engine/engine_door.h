// The engine's handle for other threads: a posted closure for each verb, answered exactly once, and
// the shared board and history. Owned by Engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/engine_core.h"
#include "server/engine/engine_handle.h"
#include "server/loop/event_loop.h"

namespace socketd {

class EngineDoor final : public EngineHandle {
 public:
  // Made after the core: its end of turn comes after the core's.
  EngineDoor(EventLoop& loop, EngineCore& core);

  BoardPtr board() const override { return core_.board(); }
  const History& history() const override { return core_.history(); }
  void Submit(JobRequest request, Answer<JobReport> answer) override;
  void Pause(PauseRequest request, Answer<UnitSnapshotPtr> answer) override;
  void Create(UnitSource source, Answer<UnitSnapshotPtr> answer) override;
  void Update(UnitSource source, Answer<UnitSnapshotPtr> answer) override;
  void Delete(UnitSource source, Answer<int64_t> answer) override;
  void PlanUnits(ApplyRequest request, Answer<ChangePlan> answer) override;
  void ApplyUnits(ApplyRequest request, Answer<ApplyReport> answer) override;
  void ResetFailed(std::vector<std::string> units,
                   Answer<std::vector<std::string>> answer) override;
  void CleanStore(std::string unit, Answer<UnitSnapshotPtr> answer) override;
  void Look(std::string unit, Answer<UnitSnapshotPtr> answer) override;
  void Dump(std::string unit, Answer<DumpReport> answer) override;
  void Load(std::string requester, Answer<LoadReport> answer) override;
  absl::Status OnPublished(std::function<void()> published) override;

  // Engine thread, at its end: everything that was posted or waits is answered.
  void Close();

 private:
  // Runs `verb` on the engine thread and gives what it returns to `answer`.
  template <typename T, typename Verb>
  void Post(Answer<T> answer, Verb verb);

  // Whoever is answered finds on the board what was done: answers wait for the end of the turn,
  // when it has been published.
  template <typename T>
  Answer<T> Later(std::shared_ptr<Answer<T>> answer);
  void GiveAnswers();

  EventLoop& loop_;
  EngineCore& core_;
  std::vector<std::function<void()>> answers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace socketd
