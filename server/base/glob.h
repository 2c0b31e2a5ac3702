// Shell patterns for names: `*`, `?`, `[a-z]`, `[!a]`, `\` before a plain character, as fnmatch(3)
// without flags. Matching takes at most pattern times text steps, whatever the pattern is.
#pragma once

#include "absl/strings/string_view.h"

namespace socketd {

bool MatchesGlob(absl::string_view pattern, absl::string_view text);

}  // namespace socketd
