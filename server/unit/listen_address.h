// The address of a Listen* directive: text to value and back; systemd.socket(5).
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/socket_address.h"

namespace socketd {

// "/path", "@abstract", "port", "v4:port", "[v6]:port", "[v6]:port%scope", "vsock:cid:port" (no
// cid: any). A port is 0 to 65535, and 0 lets the kernel choose; a bare port is not 0. `text` has
// its specifiers expanded. INVALID_ARGUMENT (BAD_ADDRESS) says what was expected.
absl::StatusOr<SocketAddress> ParseListenAddress(absl::string_view text);

// What can listen where: sequential packets on unix sockets only, a FIFO on a path only and not
// below /proc, /sys and /dev, and a unix socket's path or name in at most 107 bytes.
enum class ListenKind { kStream, kDatagram, kSequentialPacket, kFifo };
absl::Status CheckListenKind(ListenKind kind, const SocketAddress& address);

}  // namespace socketd
