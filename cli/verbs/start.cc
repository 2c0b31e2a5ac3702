#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunStart(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::StartUnitRequest>(session, unit);
    const auto response = session.client.Start(std::move(request));
    SayWarnings(session, unit, "notice", response);
    return JobEnd(session, unit, response);
  });
}

}  // namespace socketd::cli
