// What systemd knows and we do not obey yet: keys without a field. The keys that have one are in
// the directive table alone.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"

namespace socketd {

// True if systemd 262 has the key in that section and the schema has no field for it.
bool IsUnenforcedKey(absl::string_view section, absl::string_view key);

// All of them in a section.
std::vector<absl::string_view> UnenforcedKeys(absl::string_view section);

}  // namespace socketd
