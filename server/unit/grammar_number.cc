#include "server/unit/grammar_number.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

#include "server/unit/grammar.h"
#include "server/unit/grammar_span.h"

namespace socketd {
namespace {

constexpr absl::string_view kYes[] = {"1", "yes", "y", "true", "t", "on"};
constexpr absl::string_view kNo[] = {"0", "no", "n", "false", "f", "off"};
constexpr absl::string_view kSizeSuffixes = "KMGTPE";
constexpr uint32_t kHighestMode = 07777;
constexpr int64_t kNiceBase = 20;  // setrlimit(2): the limit is 20 - nice
constexpr uint64_t kHighestNiceLimit = 40;

// The digits of `text` in `base`; false if there are none, others, or too many.
bool Digits(absl::string_view text, uint64_t base, uint64_t& value) {
  if (text.empty()) return false;
  value = 0;
  for (char c : text) {
    uint64_t digit = base;
    if (absl::ascii_isdigit(c)) digit = static_cast<uint64_t>(c - '0');
    if (absl::ascii_isalpha(c)) digit = static_cast<uint64_t>(absl::ascii_tolower(c) - 'a') + 10;
    if (digit >= base) return false;
    if (value > (std::numeric_limits<uint64_t>::max() - digit) / base) return false;
    value = value * base + digit;
  }
  return true;
}

bool Natural(absl::string_view text, uint64_t& value) {
  if (text.size() > 1 && text[0] == '0') {
    const char mark = absl::ascii_tolower(text[1]);
    if (mark == 'x') return Digits(text.substr(2), 16, value);
    if (mark == 'b') return Digits(text.substr(2), 2, value);
    if (mark == 'o') return Digits(text.substr(2), 8, value);
    return Digits(text.substr(1), 8, value);
  }
  return Digits(text, 10, value);
}

// The factor of a size suffix, taken off `text`; 1 without one, 0 for a foreign one.
uint64_t TakeFactor(absl::string_view& text) {
  if (text.empty() || absl::ascii_isdigit(text.back())) return 1;
  const char suffix = text.back();
  text.remove_suffix(1);
  if (suffix != 'B') {
    const size_t power = kSizeSuffixes.find(suffix);
    return power == absl::string_view::npos ? 0 : uint64_t{1} << (10 * (power + 1));
  }
  return 1;
}

absl::StatusOr<uint64_t> ParseNiceLimit(absl::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    int64_t nice = 0;
    if (!absl::SimpleAtoi(text, &nice) || nice < -kNiceBase || nice >= kNiceBase) {
      return Expected("a nice level of -20 to +19");
    }
    return static_cast<uint64_t>(kNiceBase - nice);
  }
  uint64_t value = 0;
  if (!Natural(text, value) || value > kHighestNiceLimit) {
    return Expected("a nice limit of 0 to 40, or a nice level with its sign");
  }
  return value;
}

absl::StatusOr<uint64_t> ParseTimeLimit(absl::string_view text, absl::Duration unit) {
  const auto span = ParseSpan(text, unit);
  if (!span.ok()) return span.status();
  if (IsLongestSpan(*span)) return kNoLimit;
  absl::Duration rest;
  const int64_t whole = absl::IDivDuration(*span, unit, &rest);
  const int64_t limit = whole + (rest > absl::ZeroDuration() ? 1 : 0);
  // What was rounded up may be the longest span now, which means no limit.
  return IsLongestSpan(limit * unit) ? kNoLimit : static_cast<uint64_t>(limit);
}

absl::StatusOr<uint64_t> ParseOneLimit(absl::string_view text, LimitUnit unit) {
  text = absl::StripAsciiWhitespace(text);
  if (text == "infinity") return kNoLimit;
  switch (unit) {
    case LimitUnit::kNumber:
      return ParseUnsigned(text);
    case LimitUnit::kBytes:
      return ParseSize(text);
    case LimitUnit::kSeconds:
      return ParseTimeLimit(text, absl::Seconds(1));
    case LimitUnit::kMicroseconds:
      return ParseTimeLimit(text, absl::Microseconds(1));
    case LimitUnit::kNice:
      return ParseNiceLimit(text);
  }
  return Expected("a limit");
}

std::string FormatOneLimit(uint64_t value, LimitUnit unit) {
  if (value == kNoLimit) return "infinity";
  return unit == LimitUnit::kBytes ? FormatSize(value) : absl::StrCat(value);
}

}  // namespace

absl::StatusOr<bool> ParseBoolean(absl::string_view text) {
  for (absl::string_view word : kYes) {
    if (absl::EqualsIgnoreCase(text, word)) return true;
  }
  for (absl::string_view word : kNo) {
    if (absl::EqualsIgnoreCase(text, word)) return false;
  }
  return Expected("a boolean: yes or no");
}

absl::StatusOr<uint64_t> ParseUnsigned(absl::string_view text) {
  uint64_t value = 0;
  if (!Natural(text, value)) return Expected("a number of 0 or more");
  return value;
}

absl::StatusOr<int64_t> ParseInteger(absl::string_view text, NumberRange range) {
  const bool negative = !text.empty() && text[0] == '-';
  uint64_t value = 0;
  const absl::string_view digits = text.substr(negative || text.substr(0, 1) == "+" ? 1 : 0);
  const auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (Natural(digits, value) && value <= most) {
    const auto number = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
    if (number >= range.minimum && number <= range.maximum) return number;
  }
  return Expected(absl::StrCat("a number of ", range.minimum, " to ", range.maximum));
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  constexpr absl::string_view kWhat = "a size in bytes, as 65536, 64K or 1.5M";
  absl::string_view number = text;
  const uint64_t factor = TakeFactor(number);
  number = absl::StripTrailingAsciiWhitespace(number);
  const size_t point = number.find('.');
  uint64_t whole = 0;
  if (factor == 0 || !Digits(number.substr(0, point), 10, whole)) return Expected(kWhat);
  if (whole > std::numeric_limits<uint64_t>::max() / factor) return Expected(kWhat);
  uint64_t bytes = whole * factor;
  if (point != absl::string_view::npos) {
    const absl::string_view digits = number.substr(point + 1);
    double fraction = 0;
    if (digits.empty() || digits.find_first_not_of("0123456789") != absl::string_view::npos ||
        !absl::SimpleAtod(absl::StrCat("0.", digits), &fraction)) {
      return Expected(kWhat);
    }
    const auto part = static_cast<uint64_t>(fraction * static_cast<double>(factor));
    if (bytes > std::numeric_limits<uint64_t>::max() - part) return Expected(kWhat);
    bytes += part;
  }
  return bytes;
}

std::string FormatSize(uint64_t bytes) {
  size_t power = 0;
  while (bytes != 0 && bytes % 1024 == 0 && power < kSizeSuffixes.size()) {
    bytes /= 1024;
    ++power;
  }
  return power == 0 ? absl::StrCat(bytes) : absl::StrCat(bytes, kSizeSuffixes.substr(power - 1, 1));
}

absl::StatusOr<uint32_t> ParseMode(absl::string_view text) {
  uint64_t mode = 0;
  if (!Digits(text, 8, mode) || mode > kHighestMode) {
    return Expected("an octal file mode of 0 to 07777, as 0660");
  }
  return static_cast<uint32_t>(mode);
}

std::string FormatMode(uint32_t mode) {
  return absl::StrFormat("%04o", mode);
}

absl::StatusOr<LimitPair> ParseLimit(absl::string_view text, LimitUnit unit) {
  const size_t colon = text.find(':');
  const auto soft = ParseOneLimit(text.substr(0, colon), unit);
  if (!soft.ok()) return soft.status();
  if (colon == absl::string_view::npos) return LimitPair{*soft, *soft};
  const auto hard = ParseOneLimit(text.substr(colon + 1), unit);
  if (!hard.ok()) return hard.status();
  if (*soft > *hard) return Expected("a soft limit that is not above the hard one");
  return LimitPair{*soft, *hard};
}

std::string FormatLimit(LimitPair limit, LimitUnit unit) {
  std::string text = FormatOneLimit(limit.soft, unit);
  if (limit.soft != limit.hard) absl::StrAppend(&text, ":", FormatOneLimit(limit.hard, unit));
  return text;
}

}  // namespace socketd
