// What went wrong, for people and for the exit status. A failure that came from the daemon keeps
// its details (google.rpc.ErrorInfo and BadRequest) in the payload of an absl::Status; this is the
// only place that reads them. Plain values; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "cli/exit_code.h"

namespace socketd::cli {

// Keeps the serialized google.rpc.Status that the daemon sent with the failure.
absl::Status WithDetails(absl::Status status, absl::string_view serialized);

// The daemon's stable reason, as "UNIT_NOT_FOUND"; empty if it sent none.
std::string ReasonOf(const absl::Status& status);

// The daemon's fact called `key`; empty if there is none.
std::string FactOf(const absl::Status& status, absl::string_view key);

// Adds what to do about it, for people.
absl::Status WithHint(absl::Status status, absl::string_view hint);

// One line: message, reason and facts, what to do; then a line for each field that is to blame.
std::string Sentence(const absl::Status& status);

// How the program ends after `status`.
ExitCode ExitCodeOf(const absl::Status& status);

// How the program ends after several units: the common code if all ended the same way; kPartial if
// some succeeded; kFailed if all failed in different ways. Nothing done is success.
ExitCode FoldExitCodes(const std::vector<ExitCode>& codes);

}  // namespace socketd::cli
