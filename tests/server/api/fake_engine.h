// An engine of plain data: units are put on its board by hand, and what callers ask for is kept
// until the test answers it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/engine_handle.h"
#include "server/unit/unit_name.h"

namespace socketd::testing {

class FakeBoard final : public Board {
 public:
  FakeBoard(std::map<std::string, UnitSnapshotPtr> units, int64_t revision)
      : units_(std::move(units)), revision_(revision) {}

  int64_t revision() const override { return revision_; }
  size_t size() const override { return units_.size(); }
  UnitSnapshotPtr Find(absl::string_view name) const override {
    const auto found = units_.find(std::string(name));
    return found == units_.end() ? nullptr : found->second;
  }
  std::vector<UnitSnapshotPtr> After(absl::string_view after, size_t limit) const override {
    std::vector<UnitSnapshotPtr> result;
    for (auto at = units_.upper_bound(std::string(after)); at != units_.end(); ++at) {
      if (result.size() == limit) break;
      result.push_back(at->second);
    }
    return result;
  }

 private:
  const std::map<std::string, UnitSnapshotPtr> units_;
  const int64_t revision_;
};

class FakeEngine final : public EngineHandle {
 public:
  explicit FakeEngine(size_t history = 100, int64_t last_revision = 0)
      : history_(history, last_revision) {}

  // ---- what the test does ----

  UnitSnapshotPtr Put(const std::string& name, ActiveState state = ActiveState::kInactive) {
    auto unit = std::make_shared<UnitSnapshot>();
    unit->name = name;
    unit->load_state = LoadState::kLoaded;
    unit->active_state = state;
    unit->sub_state = state == ActiveState::kActive ? "listening" : "dead";
    unit->etag = "1";
    return Put(unit);
  }
  UnitSnapshotPtr Put(UnitSnapshotPtr unit) {
    const std::lock_guard lock(mutex_);
    units_[unit->name] = unit;
    return unit;
  }
  // Appends a move and publishes it.
  int64_t Move(const std::string& name, absl::string_view from, absl::string_view to) {
    Change change;
    change.unit = name;
    change.from = from;
    change.to = to;
    change.cause.kind = Cause::Kind::kTraffic;
    const int64_t revision = history_.Append(std::move(change));
    if (published_) published_();
    return revision;
  }
  // While set, answers wait for Release.
  bool hold = false;
  // Every call of a verb, as "start web.socket by uid 0".
  std::vector<std::string> Asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  absl::Status outcome;  // of every verb

  // Answers what was held.
  void Release() {
    std::deque<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (const auto& answer : held)
      answer();
  }

  // ---- EngineHandle ----

  BoardPtr board() const override {
    const std::lock_guard lock(mutex_);
    return std::make_shared<FakeBoard>(units_, history_.last_revision());
  }
  const History& history() const override { return history_; }

  void Submit(JobRequest request, Answer<JobReport> answer) override {
    static constexpr const char* kKinds[] = {"start", "stop", "restart", "try-restart", "reload"};
    std::string what = kKinds[static_cast<int>(request.kind)];
    what += " " + request.unit + " by " + request.requester;
    if (request.no_wait) what += " no_wait";
    if (request.mode == JobMode::kFail) what += " fail";
    AnswerWith<JobReport>(what, std::move(answer), {Find(request.unit), {"it still listens"}});
  }
  void Pause(PauseRequest request, Answer<UnitSnapshotPtr> answer) override {
    AnswerWith<UnitSnapshotPtr>(
        (request.resume ? "resume " : "pause ") + request.unit + " by " + request.requester,
        std::move(answer), Find(request.unit));
  }
  void Create(UnitSource source, Answer<UnitSnapshotPtr> answer) override {
    const UnitSnapshotPtr unit = source.validate_only ? Find(source.unit) : Put(source.unit);
    AnswerWith<UnitSnapshotPtr>("create " + source.unit + " text " + source.text, std::move(answer),
                                unit);
  }
  void Update(UnitSource source, Answer<UnitSnapshotPtr> answer) override {
    AnswerWith<UnitSnapshotPtr>("update " + source.unit + " etag " + source.etag, std::move(answer),
                                Find(source.unit));
  }
  void Delete(UnitSource source, Answer<int64_t> answer) override {
    AnswerWith<int64_t>("delete " + source.unit + " etag " + source.etag, std::move(answer), 42);
  }
  void PlanUnits(ApplyRequest request, Answer<ChangePlan> answer) override {
    AnswerWith<ChangePlan>("plan" + TextOf(request), std::move(answer), PlanFor(request));
  }
  void ApplyUnits(ApplyRequest request, Answer<ApplyReport> answer) override {
    AnswerWith<ApplyReport>("apply" + TextOf(request), std::move(answer),
                            {PlanFor(request), {"web.service: it was hard"}});
  }
  void ResetFailed(std::vector<std::string> units,
                   Answer<std::vector<std::string>> answer) override {
    AnswerWith<std::vector<std::string>>("reset-failed", std::move(answer), units);
  }
  void CleanStore(std::string unit, Answer<UnitSnapshotPtr> answer) override {
    AnswerWith<UnitSnapshotPtr>("clean the store of " + unit, std::move(answer), Find(unit));
  }
  void Look(std::string unit, Answer<UnitSnapshotPtr> answer) override {
    const UnitSnapshotPtr found = Find(unit);
    if (found == nullptr) return answer(UnitNotFound(unit));
    AnswerWith<UnitSnapshotPtr>("look at " + unit, std::move(answer), found);
  }
  void Dump(std::string unit, Answer<DumpReport> answer) override {
    const UnitSnapshotPtr found = Find(unit);
    AnswerWith<DumpReport>("dump " + unit, std::move(answer),
                           {"-> Unit " + unit + ":\n\tState: a: b\n", {{"State", "a: b"}}, found});
  }
  void Load(std::string requester, Answer<LoadReport> answer) override {
    AnswerWith<LoadReport>("load by " + requester, std::move(answer), {3, {"x.socket: bad"}});
  }
  absl::Status OnPublished(std::function<void()> published) override {
    published_ = std::move(published);
    return absl::OkStatus();
  }

 private:
  UnitSnapshotPtr Find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = units_.find(name);
    return found == units_.end() ? nullptr : found->second;
  }
  static std::string TextOf(const ApplyRequest& request) {
    std::string text;
    for (const UnitSource& unit : request.units)
      text += " " + unit.unit + (unit.remove ? " gone" : " text " + unit.text);
    if (request.expected_revision != 0) text += " at " + std::to_string(request.expected_revision);
    if (request.restart) text += " restart";
    if (!request.requester.empty()) text += " by " + request.requester;
    return text;
  }
  // One of everything.
  static ChangePlan PlanFor(const ApplyRequest& request) {
    ChangePlan plan;
    plan.revision = 7;
    plan.restarts = {"web.service"};
    for (const UnitSource& unit : request.units) {
      UnitChange& change = plan.units.emplace_back();
      change.unit = unit.unit;
      change.action = unit.remove ? UnitChange::Action::kRemove : UnitChange::Action::kChange;
      change.directives = {{"Socket", "Backlog", {"5"}, {}}};
      change.listeners = {
          {ListenerChange::Action::kKeep, "ListenStream", "80", 0, {"Backlog"}, {}}};
      change.at_next_start = {"Accept"};
    }
    return plan;
  }
  template <typename T>
  void AnswerWith(const std::string& what, Answer<T> answer, T value) {
    std::function<void()> give = [answer = std::move(answer), value = std::move(value),
                                  status = outcome] {
      status.ok() ? answer(value) : answer(status);
    };
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(what);
      if (hold) {
        held_.push_back(std::move(give));
        return;
      }
    }
    give();
  }

  mutable std::mutex mutex_;
  History history_;
  std::map<std::string, UnitSnapshotPtr> units_;
  std::vector<std::string> asked_;
  std::deque<std::function<void()>> held_;
  std::function<void()> published_;
};

}  // namespace socketd::testing
