#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunStop(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::StopUnitRequest>(session, unit);
    request.set_with_service(session.options.with_service);
    request.set_with_sockets(session.options.with_sockets);
    const auto response = session.client.Stop(std::move(request));
    SayWarnings(session, unit, "warning", response);
    return JobEnd(session, unit, response);
  });
}

}  // namespace socketd::cli
