#include "cli/client.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunDelete(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) -> absl::StatusOr<ExitCode> {
    v1::DeleteUnitRequest request;
    request.set_name(unit);
    const absl::StatusOr<v1::DeleteUnitResponse> response = session.client.Delete(request);
    if (!response.ok()) return response.status();
    session.printer.Print({&*response, unit, {}, ""});
    return ExitCode::kSuccess;
  });
}

}  // namespace socketd::cli
