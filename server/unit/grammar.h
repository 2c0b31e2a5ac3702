// What all value grammars share: the way a bad value is reported. A grammar turns the text of one
// directive's value into a plain value and back; it knows no key, no file and no system. Any
// thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace socketd {

// INVALID_ARGUMENT (BAD_VALUE) with the message "expected <what>".
absl::Status Expected(absl::string_view what);

// The text as one word for a message: quoted where it needs it, cut after some 200 bytes, always
// between characters.
std::string Shown(absl::string_view text);

// Whether specifiers (%i) may still stand in a value: then only what they cannot change is checked.
enum class Stage { kWritten, kExpanded };

// True if `text` may hold a specifier at this stage.
inline bool MayChange(absl::string_view text, Stage stage) {
  return stage == Stage::kWritten && text.find('%') != absl::string_view::npos;
}

}  // namespace socketd
