// The order of versions as the UAPI group's Version Format Specification has it, which systemd
// compares by: "6.1~rc1" < "6.1" < "6.1.2" < "6.10". Any thread.
#pragma once

#include "absl/strings/string_view.h"

namespace socketd {

// Below 0: `left` is older; 0: they are the same; above 0: it is newer.
int CompareVersions(absl::string_view left, absl::string_view right);

}  // namespace socketd
