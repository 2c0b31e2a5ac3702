// The patterns for names that a request has; base/glob.h tells how one matches.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

// A list of patterns of which any may match; an empty list matches everything.
class Patterns {
 public:
  Patterns() = default;

  // A leading "units/" is taken off. INVALID_ARGUMENT (BAD_PATTERN) for empty and overlong
  // patterns and too many of them; `field` is the request's, for the message.
  static absl::StatusOr<Patterns> Parse(std::vector<std::string> patterns, absl::string_view field);

  bool Match(absl::string_view name) const;

 private:
  std::vector<std::string> patterns_;
};

}  // namespace socketd
