#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

ExitCode Restart(const Session& session, bool only_if_active) {
  return ForEachUnit(session, [&](const std::string& unit) {
    auto request = JobRequestFor<v1::RestartUnitRequest>(session, unit);
    request.set_only_if_active(only_if_active);
    const auto response = session.client.Restart(std::move(request));
    SayWarnings(session, unit, "notice", response);
    return JobEnd(session, unit, response);
  });
}

}  // namespace

ExitCode RunRestart(const Session& session) {
  return Restart(session, false);
}

ExitCode RunTryRestart(const Session& session) {
  return Restart(session, true);
}

}  // namespace socketd::cli
