// What start, stop, restart and reload share: the job mode and what is said at the end. Main
// thread.
#pragma once

#include "absl/status/statusor.h"

#include "cli/session.h"
#include "cli/unit_text.h"

#include "socketd/v1/unit_service.pb.h"

namespace socketd::cli {

// --job-mode as the API has it.
v1::JobMode JobModeOf(const Options& options);

// What to do about a job that failed.
absl::Status WithJobHint(absl::Status status, const std::string& unit);

// Fills in what all job requests have.
template <typename Request>
Request JobRequestFor(const Session& session, const std::string& unit) {
  Request request;
  request.set_name(unit);
  request.set_mode(JobModeOf(session.options));
  request.set_no_wait(session.options.no_wait);
  return request;
}

// Ends a job's verb: success says nothing in tables, as with systemctl.
template <typename Response>
absl::StatusOr<ExitCode> JobEnd(const Session& session,
                                const std::string& unit,
                                const absl::StatusOr<Response>& response) {
  if (!response.ok()) return WithJobHint(response.status(), unit);
  session.printer.Print({&response->unit(), unit, {}, ""});
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
