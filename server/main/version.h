// The release of the daemon, as --version and GetServer say it.
#pragma once

namespace socketd {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace socketd
