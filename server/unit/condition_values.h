// How conditions and assertions are read and written. For field_value.cc only.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/unit/slot.h"

namespace socketd {

// "|", then "!", then the value that the directive's grammar asks for.
absl::Status ReadCondition(const Slot& slot, absl::string_view text);
std::string WriteCondition(const Source& source);

}  // namespace socketd
