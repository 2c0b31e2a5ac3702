#include "server/base/version_order.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace socketd {
namespace {

// What stands at the front of the rest, from older to newer: the end of one is before what goes on,
// but not before "~".
enum class Front { kTilde, kEnd, kDash, kCaret, kDot, kText };

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

bool IsLetter(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c));
}

// Anything else only separates, and is dropped.
Front FrontOf(absl::string_view& rest) {
  for (; !rest.empty(); rest.remove_prefix(1)) {
    const char c = rest.front();
    if (c == '~') return Front::kTilde;
    if (c == '-') return Front::kDash;
    if (c == '^') return Front::kCaret;
    if (c == '.') return Front::kDot;
    if (IsDigit(c) || IsLetter(c)) return Front::kText;
  }
  return Front::kEnd;
}

int Sign(size_t left, size_t right) {
  return left < right ? -1 : left > right ? 1 : 0;
}

// Takes off what is of that kind at the front of the rest.
absl::string_view Take(absl::string_view& rest, bool (*is)(char)) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is);
  const absl::string_view taken = rest.substr(0, static_cast<size_t>(end - rest.begin()));
  rest.remove_prefix(taken.size());
  return taken;
}

absl::string_view WithoutZeros(absl::string_view number) {
  return number.substr(std::min(number.find_first_not_of('0'), number.size()));
}

// No number at all is before 0.
int CompareNumbers(absl::string_view left, absl::string_view right) {
  if (left.empty() || right.empty()) return Sign(left.size(), right.size());
  left = WithoutZeros(left);
  right = WithoutZeros(right);
  return left.size() == right.size() ? left.compare(right) : Sign(left.size(), right.size());
}

// Takes a number off both where one of them begins with one, else a word, and compares these.
int CompareFronts(absl::string_view& left, absl::string_view& right) {
  const bool numbers = IsDigit(left.front()) || IsDigit(right.front());
  const auto is = numbers ? &IsDigit : &IsLetter;
  const absl::string_view ours = Take(left, is);
  const absl::string_view others = Take(right, is);
  return numbers ? CompareNumbers(ours, others) : ours.compare(others);
}

}  // namespace

int CompareVersions(absl::string_view left, absl::string_view right) {
  for (;;) {
    const Front mine = FrontOf(left);
    const Front theirs = FrontOf(right);
    if (mine != theirs) return mine < theirs ? -1 : 1;
    if (mine == Front::kEnd) return 0;
    if (mine != Front::kText) {
      left.remove_prefix(1);
      right.remove_prefix(1);
      continue;
    }
    if (const int order = CompareFronts(left, right); order != 0) return order;
  }
}

}  // namespace socketd
