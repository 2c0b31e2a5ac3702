// Words of a value with systemd's quoting: "a b", 'a b', C escapes; quotes may begin and end in
// mid-word. systemd.syntax(7), systemd.service(5) "Command lines".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

struct Word {
  std::string text;         // without its quotes, escapes resolved
  bool bare = false;        // written without any quote or backslash
  bool odd_escape = false;  // had a backslash before a character that none belongs to; both stay
};

// The words of `text`. INVALID_ARGUMENT (BAD_VALUE) for a quote that does not end, a backslash at
// the end, or an escape that stands for NUL.
absl::StatusOr<std::vector<Word>> SplitWords(absl::string_view text);

// The word so written that SplitWords gives it back; quotes only where they are needed.
std::string QuoteWord(absl::string_view word);

}  // namespace socketd
