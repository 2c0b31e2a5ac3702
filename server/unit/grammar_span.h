// Time spans, as "5min 20s", "1.5h", "infinity"; systemd.time(7). Exact to the microsecond.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace socketd {

// A number without a unit counts in `unit`. "infinity" is 315576000000 s (10000 years), the longest
// span that google.protobuf.Duration holds; more is refused. INVALID_ARGUMENT (BAD_VALUE).
absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text, absl::Duration unit);

bool IsLongestSpan(absl::Duration span);

// Text that reads back the same, as "1min 30s"; what is finer than a microsecond is lost.
std::string FormatSpan(absl::Duration span);

}  // namespace socketd
