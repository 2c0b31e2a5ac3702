#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

void PrintReset(const Session& session, const v1::ResetFailedResponse& response) {
  std::string names;
  for (const std::string& name : response.names()) {
    names += (names.empty() ? "" : "\n") + FullUnitName(name);
  }
  session.printer.Print({&response, names, {}, ""});
}

absl::StatusOr<ExitCode> Reset(const Session& session, const std::string& unit) {
  v1::ResetFailedRequest request;
  if (!unit.empty()) request.add_names(unit);
  const absl::StatusOr<v1::ResetFailedResponse> response = session.client.ResetFailed(request);
  if (!response.ok()) return response.status();
  PrintReset(session, *response);
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunResetFailed(const Session& session) {
  if (session.options.operands.empty()) {
    const absl::StatusOr<ExitCode> code = Reset(session, "");
    return code.ok() ? *code : session.Fail("", code.status());
  }
  return ForEachUnit(session, [&](const std::string& unit) { return Reset(session, unit); });
}

}  // namespace socketd::cli
