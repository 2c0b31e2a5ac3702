// Units that are changed together: what it would come to.
#include "server/engine/change_set.h"
#include "server/engine/engine_core.h"

namespace socketd {

absl::StatusOr<ChangePlan> EngineCore::PlanUnits(const ApplyRequest& request) {
  ChangeSet changes(table_, options_);
  if (absl::Status read = changes.Read(request); !read.ok()) return read;
  ChangePlan plan = changes.Plan();
  plan.revision = history_.last_revision();
  return plan;
}

}  // namespace socketd
