// Small things about text that several floors need.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace socketd {

// The value as one word: as it is if it is UTF-8 and has no space, quote, backslash, '=' or control
// character, else in double quotes with C escapes. Never empty, always UTF-8.
std::string Quoted(absl::string_view value);

// The number of single-character edits between two words (Levenshtein), at most `limit` + 1.
size_t EditDistance(absl::string_view left, absl::string_view right, size_t limit);

// How many bytes at the front of the text are valid UTF-8 without NUL; all of them if it is clean.
size_t CleanLength(absl::string_view text);

// True if the text is valid UTF-8 without NUL.
bool IsCleanUtf8(absl::string_view text);

// The text as it is if it is clean UTF-8, else with C escapes for all that is not ASCII: for
// messages, whose strings must be UTF-8.
std::string CleanText(absl::string_view text);

}  // namespace socketd
