// Units that are changed together: what it would come to, and doing it.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/engine/change_set.h"
#include "server/engine/engine_core.h"
#include "server/engine/job_ends.h"

namespace socketd {

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
  WhenAllEnded(services, [this, report = std::move(report),
                          answer = std::move(answer)](const FailedJobs& failed) mutable {
    for (const auto& [name, status] : failed)
      report.warnings.push_back(absl::StrCat(name, ": ", status.message()));
    for (const std::string& name : report.plan.restarts) {
      const Unit* const unit = Find(name);
      const std::string notice = unit == nullptr ? "" : unit->SkipNotice();
      if (!notice.empty()) report.warnings.push_back(absl::StrCat(name, ": ", notice));
    }
    answer(std::move(report));
  });
}

}  // namespace socketd
