// What start, stop, restart and reload share: the job mode and what is said at the end. Main
// thread.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

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

// What the answer has to say besides.
template <typename Response>
void SayWarnings(const Session& session,
                 const std::string& unit,
                 absl::string_view word,
                 const absl::StatusOr<Response>& response) {
  if (session.options.quiet || !response.ok()) return;
  for (const std::string& warning : response->warnings())
    session.Say(absl::StrCat(unit, ": ", word, ": ", warning));
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
