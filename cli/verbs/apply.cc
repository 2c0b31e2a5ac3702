#include <utility>

#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/plan_text.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/wanted.h"

namespace socketd::cli {
namespace {

absl::Status WithApplyHint(absl::Status status) {
  if (ReasonOf(status) != "PLAN_STALE") return status;
  return WithHint(std::move(status), "see 'socketctl plan'; nothing was changed");
}

}  // namespace

ExitCode RunApply(const Session& session) {
  if (session.options.dry_run) return RunPlan(session);
  v1::ApplyUnitsRequest request;
  const ExitCode read = ReadWanted(session, *request.mutable_units());
  if (read != ExitCode::kSuccess) return read;
  const bool restart = session.options.restart;
  request.set_restart(restart);
  request.set_expected_revision(session.options.expected_revision);
  const absl::StatusOr<v1::ApplyUnitsResponse> response = session.client.Apply(request);
  if (!response.ok()) return session.Fail("", WithApplyHint(response.status()));
  const v1::Plan& plan = response->plan();
  const std::string text =
      PlanText(plan, restart ? "restarted: " : "to be restarted: ", session.around.colour);
  session.printer.Print({&*response, NamesOf(plan), {}, text});
  for (const std::string& warning : response->warnings())
    session.Say(absl::StrCat("warning: ", warning));
  // The units are as they are to be: what went wrong afterwards is a partial result.
  return response->warnings().empty() ? ExitCode::kSuccess : ExitCode::kPartial;
}

}  // namespace socketd::cli
