// Where the API listens: "unix:PATH" or "tcp:HOST:PORT". TCP has no encryption and is taken on
// loopback only; there too the caller is known by its user (loopback_peer.h).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"

namespace socketd {

// INVALID_ARGUMENT (BAD_LISTEN_ADDRESS) with what was expected.
absl::StatusOr<ListenSpec> ParseListenOption(absl::string_view text);

}  // namespace socketd
