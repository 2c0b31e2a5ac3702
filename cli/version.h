// The version of socketctl; the daemon tells its own.
#pragma once

#include "absl/strings/string_view.h"

namespace socketd::cli {

inline constexpr absl::string_view kVersion = "0.1.0";

}  // namespace socketd::cli
