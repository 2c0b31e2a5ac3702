#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

void SayWarnings(const Session& session,
                 const std::string& unit,
                 const v1::StopUnitResponse& response) {
  if (session.options.quiet) return;
  for (const std::string& warning : response.warnings())
    session.Say(absl::StrCat(unit, ": warning: ", warning));
}

}  // namespace

ExitCode RunStop(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::StopUnitRequest>(session, unit);
    request.set_with_service(session.options.with_service);
    request.set_with_sockets(session.options.with_sockets);
    const auto response = session.client.Stop(std::move(request));
    if (response.ok()) SayWarnings(session, unit, *response);
    return JobEnd(session, unit, response);
  });
}

}  // namespace socketd::cli
