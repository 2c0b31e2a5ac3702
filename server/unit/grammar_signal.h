// Signals and exit statuses by name and number; signal(7), systemd.exec(5) "Process exit codes".
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

// "SIGTERM", "TERM", "15", "RTMIN+3"; 1 to 64. INVALID_ARGUMENT (BAD_VALUE) otherwise.
absl::StatusOr<uint32_t> ParseSignal(absl::string_view text);
// "SIGTERM"; the number in decimal where there is no name.
std::string SignalName(uint32_t signal);

struct ExitStatus {
  bool is_signal = false;
  uint32_t number = 0;
};

// An exit status of 0 to 255, a name for one ("TEMPFAIL", "CHDIR"), or a signal's name.
absl::StatusOr<ExitStatus> ParseExitStatus(absl::string_view text);
// "75" or "SIGTERM": the two forms that ServiceSpec holds.
std::string FormatExitStatus(ExitStatus status);

}  // namespace socketd
