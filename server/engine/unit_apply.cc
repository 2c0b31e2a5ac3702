// Units that are changed together: what it would come to, and doing it.
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/engine/change_set.h"
#include "server/engine/engine_core.h"

namespace socketd {
namespace {

// Answers when the last of `services` is through with its job; what goes wrong is a warning.
void AnswerAfter(const std::vector<Unit*>& services,
                 ApplyReport report,
                 Answer<ApplyReport> answer) {
  struct Waiting {
    ApplyReport report;
    Answer<ApplyReport> answer;
    size_t left = 0;
  };
  auto waiting = std::make_shared<Waiting>(Waiting{std::move(report), std::move(answer)});
  for (Unit* unit : services) {
    if (unit->job() == nullptr) continue;
    ++waiting->left;
    unit->job()->askers.push_back([waiting, name = unit->name()](const absl::Status& status) {
      if (!status.ok())
        waiting->report.warnings.push_back(absl::StrCat(name, ": ", status.message()));
      if (--waiting->left == 0) waiting->answer(std::move(waiting->report));
    });
  }
  if (waiting->left == 0) waiting->answer(std::move(waiting->report));
}

}  // namespace

absl::StatusOr<ChangePlan> EngineCore::PlanUnits(const ApplyRequest& request) {
  ChangeSet changes(table_, options_);
  if (absl::Status read = changes.Read(request); !read.ok()) return read;
  ChangePlan plan = changes.Plan();
  plan.revision = history_.last_revision();
  return plan;
}

void EngineCore::ApplyUnits(const ApplyRequest& request, Answer<ApplyReport> answer) {
  if (shutting_down()) return answer(ShuttingDown());
  ChangeSet changes(table_, options_);
  absl::Status fit = changes.Read(request);
  if (fit.ok() && request.expected_revision != 0)
    fit = changes.CheckRevision(request.expected_revision, history_);
  if (!fit.ok()) return answer(fit);
  ApplyReport report;
  report.plan = changes.Plan();
  report.plan.revision = history_.last_revision();
  const auto outcomes = changes.CarryOut(report.plan, loop_.kernel());
  if (!outcomes.ok()) return answer(outcomes.status());
  const Cause cause{Cause::Kind::kRequest, "", request.requester};
  for (const ChangeSet::Outcome& outcome : *outcomes)
    AnnounceOutcome(outcome.unit, outcome.action, cause);
  if (!request.restart || report.plan.restarts.empty()) return answer(std::move(report));
  Restart(std::move(report), cause, std::move(answer));
}

void EngineCore::AnnounceOutcome(Unit* unit, UnitChange::Action action, const Cause& cause) {
  if (unit == nullptr || action == UnitChange::Action::kUnchanged) return;
  const bool made = action == UnitChange::Action::kCreate;
  const bool gone = action == UnitChange::Action::kRemove;
  Announce(*unit, made ? News::kCreated : gone ? News::kDeleted : News::kChanged, cause);
  if (gone) Abandon(*unit);
}

void EngineCore::Restart(ApplyReport report, const Cause& cause, Answer<ApplyReport> answer) {
  Transaction transaction(JobMode::kReplace);
  std::vector<Unit*> services;
  for (const std::string& name : report.plan.restarts) {
    Unit* const unit = Find(name);
    const absl::Status added =
        unit == nullptr ? UnitNotFound(name) : transaction.Add(*unit, Work::kRestart, cause);
    if (added.ok()) services.push_back(unit);
    if (!added.ok()) report.warnings.push_back(absl::StrCat(name, ": ", added.message()));
  }
  Plan jobs = transaction.Take();
  const absl::Status installed = queue_.Install(jobs, JobMode::kReplace);
  if (!installed.ok()) {
    report.warnings.emplace_back(installed.message());
    services.clear();
  }
  AnswerAfter(services, std::move(report), std::move(answer));
}

}  // namespace socketd
