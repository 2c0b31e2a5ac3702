// The address of a Listen* directive: text to value and back; systemd.socket(5).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/socket_address.h"

namespace socketd {

enum class ListenKind {
  kStream,
  kDatagram,
  kSequentialPacket,
  kFifo,
  kSpecial,
  kNetlink,
  kMessageQueue,
  kUsbFunction,
};

// Of sockets "/path", "@abstract", "port", "v4:port", "[v6]:port", "[v6]:port%scope",
// "vsock:cid:port" (no cid: any); a port is 0 to 65535, and 0 lets the kernel choose, but a bare
// port is not 0; sequential packets on unix sockets only, whose path or name has at most 107 bytes.
// Of netlink "family" or "family groups"; of message queues "/name"; of the rest an absolute path,
// for a FIFO not below /proc, /sys and /dev. `text` has its specifiers expanded. INVALID_ARGUMENT
// (BAD_ADDRESS) says what was expected.
absl::StatusOr<SocketAddress> ParseListenAddress(ListenKind kind, absl::string_view text);

}  // namespace socketd
