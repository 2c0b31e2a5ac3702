// Resource names: "units/web.socket" outside, "web.socket" inside. Both are taken everywhere; the
// long one is sent.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/unit/unit_name.h"

namespace socketd {

// INVALID_ARGUMENT (BAD_UNIT_NAME) for what is no name of a unit; `field` is the request's.
absl::StatusOr<UnitName> ParseResourceName(absl::string_view text, absl::string_view field);

std::string ResourceName(absl::string_view unit);

}  // namespace socketd
