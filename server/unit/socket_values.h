// How the values that only the [Socket] section has are read and written. For field_value.cc only.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/unit/slot.h"

namespace socketd {

// What a Listen* key says, by the kind in the directive's option.
absl::Status ReadAddress(const Slot& slot, absl::string_view text);
std::string WriteAddress(const Source& source);

absl::Status ReadIpv6Only(const Slot& slot, absl::string_view text);
absl::Status ReadInterface(const Slot& slot, absl::string_view text);
absl::Status ReadTimestamping(const Slot& slot, absl::string_view text);
absl::Status ReadDefer(const Slot& slot, absl::string_view text);
absl::Status ReadPreserve(const Slot& slot, absl::string_view text);
absl::Status ReadIpTos(const Slot& slot, absl::string_view text);
absl::Status ReadCount(const Slot& slot, absl::string_view text);

absl::Status ReadPerSource(const Slot& slot, absl::string_view text);
std::string WritePerSource(const Source& source);

absl::Status ReadSize(const Slot& slot, absl::string_view text);
std::string WriteSize(const Source& source);

}  // namespace socketd
