#include "cli/verbs/job.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "cli/failure.h"

namespace socketd::cli {

v1::JobMode JobModeOf(const Options& options) {
  if (options.mode == "fail") return v1::JOB_MODE_FAIL;
  if (options.mode == "ignore-dependencies") return v1::JOB_MODE_IGNORE_DEPENDENCIES;
  return v1::JOB_MODE_REPLACE;
}

absl::Status WithJobHint(absl::Status status, const std::string& unit) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
      return WithHint(std::move(status), absl::StrCat("see 'socketctl status ", unit, "'"));
    case absl::StatusCode::kDeadlineExceeded:
      return WithHint(std::move(status),
                      absl::StrCat("the job goes on; see 'socketctl status ", unit, "'"));
    default:
      return status;
  }
}

}  // namespace socketd::cli
