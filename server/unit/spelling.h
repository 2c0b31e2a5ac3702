// Enum values by their names in unit files: the `spelling` option of the schema.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace socketd {

// Null if no value is spelt so.
const google::protobuf::EnumValueDescriptor* FindSpelling(
    const google::protobuf::EnumDescriptor& type, absl::string_view text);

// Empty for numbers without a spelling.
std::string SpellingOf(const google::protobuf::EnumDescriptor& type, int number);

// "simple, exec or oneshot".
std::string AllSpellings(const google::protobuf::EnumDescriptor& type);

}  // namespace socketd
