// The address of a Listen* directive: text to value and back; systemd.socket(5).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/socket_address.h"

namespace socketd {

// "/path", "@abstract", "port", "v4:port", "[v6]:port", "[v6]:port%scope", "vsock:cid:port".
// `text` has its specifiers expanded. INVALID_ARGUMENT (BAD_ADDRESS) says what was expected.
absl::StatusOr<SocketAddress> ParseListenAddress(absl::string_view text);

}  // namespace socketd
