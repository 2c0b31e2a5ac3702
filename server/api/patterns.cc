#include "server/api/patterns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/api/limits.h"
#include "server/base/errors.h"
#include "server/base/glob.h"

namespace socketd {

absl::StatusOr<Patterns> Patterns::Parse(std::vector<std::string> patterns,
                                         absl::string_view field) {
  const auto bad = [field](absl::string_view what) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_PATTERN", what,
                 {{"field", std::string(field)}});
  };
  if (patterns.size() > kPatternsLimit)
    return bad(absl::StrCat("at most ", kPatternsLimit, " patterns are taken"));
  for (std::string& pattern : patterns) {
    pattern = std::string(absl::StripPrefix(pattern, "units/"));
    if (pattern.empty()) return bad("a pattern is empty");
    if (pattern.size() > kPatternBytesLimit)
      return bad(absl::StrCat("a pattern has at most ", kPatternBytesLimit, " bytes"));
  }
  Patterns result;
  result.patterns_ = std::move(patterns);
  return result;
}

bool Patterns::Match(absl::string_view name) const {
  if (patterns_.empty()) return true;
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [name](const std::string& pattern) { return MatchesGlob(pattern, name); });
}

}  // namespace socketd
