#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunStop(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::StopUnitRequest>(session, unit);
    const auto response = session.client.Stop(std::move(request));
    if (response.ok() && !session.options.quiet) {
      for (const std::string& warning : response->warnings()) {
        session.Say(absl::StrCat(unit, ": warning: ", warning));
      }
    }
    return JobEnd(session, unit, response);
  });
}

}  // namespace socketd::cli
