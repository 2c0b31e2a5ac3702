#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/plan_text.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/wanted.h"

namespace socketd::cli {

ExitCode RunPlan(const Session& session) {
  v1::PlanUnitsRequest request;
  const ExitCode read = ReadWanted(session, *request.mutable_units());
  if (read != ExitCode::kSuccess) return read;
  const absl::StatusOr<v1::PlanUnitsResponse> response = session.client.Plan(request);
  if (!response.ok()) return session.Fail("", response.status());
  const v1::Plan& plan = response->plan();
  std::string text = PlanText(plan, "to be restarted: ", session.around.colour);
  absl::StrAppend(&text, "based on revision ", plan.revision(), "\n");
  session.printer.Print({&*response, NamesOf(plan), {}, text});
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
