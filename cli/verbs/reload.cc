#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunReload(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::ReloadUnitRequest>(session, unit);
    return JobEnd(session, unit, session.client.Reload(std::move(request)));
  });
}

}  // namespace socketd::cli
