// Numbers as unit files write them: booleans, integers, sizes, modes and resource limits;
// systemd.syntax(7). Every failure is INVALID_ARGUMENT (BAD_VALUE) and says what was expected.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

// 1, yes, y, true, t, on and 0, no, n, false, f, off, in any case of letters.
absl::StatusOr<bool> ParseBoolean(absl::string_view text);

struct NumberRange {
  int64_t minimum = 0;
  int64_t maximum = 0;
};

// Decimal, or 0x and hexadecimal, 0b and binary, 0o or 0 and octal, as strtoul(3).
absl::StatusOr<uint64_t> ParseUnsigned(absl::string_view text);
absl::StatusOr<int64_t> ParseInteger(absl::string_view text, NumberRange range);

// Bytes, with a decimal point and K, M, G, T, P, E (base 1024) or B allowed.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);
// The shortest text that reads back exactly, as "64K".
std::string FormatSize(uint64_t bytes);

// Octal, 0 to 07777.
absl::StatusOr<uint32_t> ParseMode(absl::string_view text);
std::string FormatMode(uint32_t mode);

constexpr uint64_t kNoLimit = ~uint64_t{0};  // RLIM_INFINITY, getrlimit(2)

enum class LimitUnit { kNumber, kBytes, kSeconds, kMicroseconds, kNice };

struct LimitPair {
  uint64_t soft = kNoLimit;
  uint64_t hard = kNoLimit;
};

// "value" or "soft:hard"; soft must not be above hard.
absl::StatusOr<LimitPair> ParseLimit(absl::string_view text, LimitUnit unit);
std::string FormatLimit(LimitPair limit, LimitUnit unit);

}  // namespace socketd
