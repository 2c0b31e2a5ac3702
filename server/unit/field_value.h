// One field of a spec as the text of a value and back, by the grammar that the schema gives it: a
// row for each grammar, nothing for single keys. Used by the reader, the writer and the checks, so
// that all three agree.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "server/unit/directive_table.h"
#include "server/unit/grammar.h"

namespace socketd {

// What was read but deserves a word.
struct ValueNotes {
  bool odd_escape = false;  // a backslash before a character that none belongs to
};

// Reads `text` into the directive's field of `message`: a list grows, anything else is replaced.
// Nothing changes on failure, which is INVALID_ARGUMENT and says what was expected.
absl::Status ReadValue(const Directive& directive,
                       absl::string_view text,
                       google::protobuf::Message& message,
                       ValueNotes& notes);
absl::Status ReadExpandedValue(const Directive& directive,
                               absl::string_view text,
                               google::protobuf::Message& message);

// Element `index` of the directive's list, or its single value (index 0), as text. What has no text
// comes out as one that ReadValue refuses or reads differently.
std::string WriteValue(const Directive& directive,
                       const google::protobuf::Message& message,
                       int index);

// True if the elements of the list share a line, as the names of After=.
bool SharesLine(const Directive& directive);

// How many values the field has: 0 if it is not set.
int CountValues(const Directive& directive, const google::protobuf::Message& message);

}  // namespace socketd
