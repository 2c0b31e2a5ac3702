#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunDaemonReload(const Session& session) {
  const absl::StatusOr<v1::LoadUnitsResponse> response =
      session.client.Load(v1::LoadUnitsRequest());
  if (!response.ok()) return session.Fail("", response.status());
  session.printer.Print(
      {&*response, "", {}, absl::StrCat(response->loaded(), " units are loaded.\n")});
  for (const std::string& problem : response->problems())
    session.Say(problem);
  // What could be loaded is loaded: a broken file is a partial result, not a failure of the verb.
  return response->problems().empty() ? ExitCode::kSuccess : ExitCode::kPartial;
}

}  // namespace socketd::cli
