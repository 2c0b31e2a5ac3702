// How socketctl ends. The numbers are part of the interface: scripts test them, help and README
// list them from `kExitMeanings`. 3 and 4 mean what they mean to systemctl.
#pragma once

#include <array>

#include "absl/strings/string_view.h"

namespace socketd::cli {

enum class ExitCode : int {
  kSuccess = 0,
  kFailed = 1,
  kUsage = 2,
  kNotActive = 3,
  kNoSuchUnit = 4,
  kUnreachable = 5,
  kDenied = 6,
  kTimeout = 7,
  kPartial = 8,
};

struct ExitMeaning {
  ExitCode code = ExitCode::kSuccess;
  absl::string_view meaning;
};

inline constexpr std::array<ExitMeaning, 9> kExitMeanings = {{
    {ExitCode::kSuccess, "success"},
    {ExitCode::kFailed, "the operation failed"},
    {ExitCode::kUsage, "the command line was wrong"},
    {ExitCode::kNotActive, "the unit is not active (is-active, is-failed, status)"},
    {ExitCode::kNoSuchUnit, "no such unit"},
    {ExitCode::kUnreachable, "the daemon cannot be reached"},
    {ExitCode::kDenied, "permission denied"},
    {ExitCode::kTimeout, "--timeout is over"},
    {ExitCode::kPartial, "partial: some of several units succeeded, others did not"},
}};

}  // namespace socketd::cli
