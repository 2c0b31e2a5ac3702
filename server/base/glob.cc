#include "server/base/glob.h"

#include <cstddef>

namespace socketd {
namespace {

// The length of the element of the pattern that starts at `at`: one character, or a bracket
// expression. A bracket without its end is an ordinary character.
size_t ElementSize(absl::string_view pattern, size_t at) {
  if (pattern[at] == '\\' && at + 1 < pattern.size()) return 2;
  if (pattern[at] != '[') return 1;
  size_t end = at + 1;
  if (end < pattern.size() && (pattern[end] == '!' || pattern[end] == '^')) ++end;
  // Right after the opening a "]" is a member.
  end = pattern.find(']', end + 1);
  return end == absl::string_view::npos ? 1 : end - at + 1;
}

bool InBrackets(absl::string_view members, char c) {
  const bool negated = members[0] == '!' || members[0] == '^';
  if (negated) members.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < members.size(); ++i) {
    char last = members[i];
    const char first = last;
    if (i + 2 < members.size() && members[i + 1] == '-') {
      last = members[i + 2];
      i += 2;
    }
    found = found || (first <= c && c <= last);
  }
  return found != negated;
}

bool MatchesElement(absl::string_view element, char c) {
  if (element == "?") return true;
  if (element.size() == 1) return element[0] == c;
  if (element[0] == '\\') return element[1] == c;
  return InBrackets(element.substr(1, element.size() - 2), c);
}

}  // namespace

bool MatchesGlob(absl::string_view pattern, absl::string_view text) {
  constexpr size_t kNone = absl::string_view::npos;
  size_t at = 0;        // in the pattern
  size_t position = 0;  // in the text
  size_t star = kNone;  // the last star; only it ever has to take more
  size_t taken_to = 0;  // where that star's match ends
  while (position < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken_to = position;
      continue;
    }
    const size_t size = at < pattern.size() ? ElementSize(pattern, at) : 0;
    if (size > 0 && MatchesElement(pattern.substr(at, size), text[position])) {
      at += size;
      ++position;
      continue;
    }
    if (star == kNone) return false;
    at = star + 1;
    position = ++taken_to;
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

}  // namespace socketd
