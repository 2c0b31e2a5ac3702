// Words of a value with systemd's quoting: "a b", 'a b', C escapes; quotes may begin and end in
// mid-word. systemd.syntax(7), systemd.service(5) "Command lines".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

struct Word {
  std::string text;           // UTF-8, without its quotes, escapes resolved
  absl::string_view written;  // as it stands in what was split
  bool odd_escape = false;    // had a backslash before a character that none belongs to; both stay
};

// The words of `text`. INVALID_ARGUMENT (BAD_VALUE) for a quote that does not end, a backslash at
// the end, an escape that stands for NUL, or escapes of bytes (\x93) that make no UTF-8 text.
absl::StatusOr<std::vector<Word>> SplitWords(absl::string_view text);

// The word, which is UTF-8, so written that SplitWords gives it back; quotes only where they are
// needed.
std::string QuoteWord(absl::string_view word);

}  // namespace socketd
