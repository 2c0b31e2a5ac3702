// Which user is at the other end of a TCP connection over loopback: the kernel knows, by
// sock_diag(7). So that the API's rule is the same at every door.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "server/kernel/types.h"

namespace socketd {

// The uid that owns the client's socket. NOT_FOUND (CALLER_UNKNOWN) where the kernel does not say:
// the client is gone already, or in another network namespace.
absl::StatusOr<uint32_t> UidOfLoopbackPeer(const Connection& connection);

}  // namespace socketd
