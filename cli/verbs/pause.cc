#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunPause(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    v1::PauseUnitRequest request;
    request.set_name(unit);
    return JobEnd(session, unit, session.client.Pause(std::move(request)));
  });
}

ExitCode RunResume(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) {
    v1::ResumeUnitRequest request;
    request.set_name(unit);
    return JobEnd(session, unit, session.client.Resume(std::move(request)));
  });
}

}  // namespace socketd::cli
