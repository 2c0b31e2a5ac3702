#include "server/unit/grammar_span.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/unit/grammar.h"

namespace socketd {
namespace {

constexpr int64_t kLongestSeconds = 315576000000;  // google/protobuf/duration.proto
constexpr absl::string_view kWhat = "a time span, as 20, 5min 20s, 500ms or infinity";

struct Unit {
  absl::string_view name;
  int64_t microseconds;
};

constexpr int64_t kMillisecond = 1000;
constexpr int64_t kSecond = 1000 * kMillisecond;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kMonth = 2629800 * kSecond;  // 30.44 days, as systemd.time(7) says
constexpr int64_t kYear = 31557600 * kSecond;

constexpr Unit kUnits[] = {
    {"us", 1},
    {"usec", 1},
    {"\xC2\xB5s", 1},  // µs, with the micro sign
    {"\xCE\xBCs", 1},  // μs, with the Greek letter
    {"ms", kMillisecond},
    {"msec", kMillisecond},
    {"s", kSecond},
    {"sec", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"m", kMinute},
    {"min", kMinute},
    {"minute", kMinute},
    {"minutes", kMinute},
    {"h", kHour},
    {"hr", kHour},
    {"hour", kHour},
    {"hours", kHour},
    {"d", kDay},
    {"day", kDay},
    {"days", kDay},
    {"w", 7 * kDay},
    {"week", 7 * kDay},
    {"weeks", 7 * kDay},
    {"M", kMonth},
    {"month", kMonth},
    {"months", kMonth},
    {"y", kYear},
    {"year", kYear},
    {"years", kYear},
};

// Takes the characters that `wanted` accepts off the front of `rest`.
template <typename Predicate>
absl::string_view Take(absl::string_view& rest, Predicate wanted) {
  size_t length = 0;
  while (length < rest.size() && wanted(static_cast<unsigned char>(rest[length])))
    ++length;
  const absl::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

bool IsDigit(unsigned char c) {
  return absl::ascii_isdigit(c);
}

bool IsUnitLetter(unsigned char c) {
  return !absl::ascii_isdigit(c) && !absl::ascii_isspace(c) && c != '.';
}

// Zero: no unit is called so.
absl::Duration UnitCalled(absl::string_view name) {
  for (const Unit& known : kUnits) {
    if (known.name == name) return absl::Microseconds(known.microseconds);
  }
  return absl::ZeroDuration();
}

// One number with its unit, as "1.5h", off the front of `rest`.
absl::StatusOr<absl::Duration> TakePart(absl::string_view& rest, absl::Duration bare) {
  const absl::string_view whole_digits = Take(rest, IsDigit);
  absl::string_view fraction_digits;
  const bool has_point = absl::StartsWith(rest, ".");
  if (has_point) {
    rest.remove_prefix(1);
    fraction_digits = Take(rest, IsDigit);
    if (fraction_digits.empty()) return Expected(kWhat);
  }
  int64_t whole = 0;
  const bool has_number = !whole_digits.empty() || has_point;
  if (!has_number || (!whole_digits.empty() && !absl::SimpleAtoi(whole_digits, &whole))) {
    return Expected(kWhat);
  }
  rest = absl::StripLeadingAsciiWhitespace(rest);
  absl::Duration unit = bare;
  if (const absl::string_view name = Take(rest, IsUnitLetter); !name.empty()) {
    unit = UnitCalled(name);
    if (unit == absl::ZeroDuration()) return Expected(kWhat);
  }
  absl::Duration span = whole * unit;
  absl::Duration place = unit;
  for (char digit : fraction_digits) {
    place /= 10;
    span += (digit - '0') * place;
  }
  return span;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text, absl::Duration unit) {
  const absl::Duration longest = absl::Seconds(kLongestSeconds);
  absl::string_view rest = absl::StripAsciiWhitespace(text);
  if (rest == "infinity") return longest;
  if (rest.empty()) return Expected(kWhat);
  absl::Duration sum;
  while (!rest.empty()) {
    const auto part = TakePart(rest, unit);
    if (!part.ok()) return part.status();
    sum += *part;
    if (sum > longest) return Expected("a time span of at most 10000 years, or infinity");
    rest = absl::StripLeadingAsciiWhitespace(rest);
  }
  return absl::Trunc(sum, absl::Microseconds(1));
}

bool IsLongestSpan(absl::Duration span) {
  return span >= absl::Seconds(kLongestSeconds);
}

std::string FormatSpan(absl::Duration span) {
  constexpr Unit kShown[] = {
      {"h", kHour}, {"min", kMinute}, {"s", kSecond}, {"ms", kMillisecond}, {"us", 1}};
  if (IsLongestSpan(span)) return "infinity";
  if (span == absl::ZeroDuration()) return "0";
  std::string text;
  if (span < absl::ZeroDuration()) {
    text = "-";
    span = -span;
  }
  for (const Unit& unit : kShown) {
    const int64_t count = absl::IDivDuration(span, absl::Microseconds(unit.microseconds), &span);
    if (count == 0) continue;
    absl::StrAppend(&text, text.empty() || text == "-" ? "" : " ", count, unit.name);
  }
  return text;
}

}  // namespace socketd
