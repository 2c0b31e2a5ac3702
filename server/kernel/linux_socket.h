// Socket addresses as the system calls have them, and back.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/socket_address.h"
#include "server/kernel/linux_abi.h"

namespace socketd {

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// sun_path holds this many bytes and, for connect(2) by others, the NUL.
constexpr size_t kUnixPathMax = sizeof(sockaddr_un::sun_path) - 1;

// Any address but a path. Reasons: NO_SUCH_DEVICE (scope), ADDRESS_NOT_AVAILABLE.
absl::StatusOr<RawAddress> RawOf(const SocketAddress& address);
// A path of at most kUnixPathMax bytes.
RawAddress RawOfPath(absl::string_view path);
SocketAddress AddressOf(const RawAddress& raw);

// getsockname(2).
SocketAddress LocalAddressOf(int fd);

}  // namespace socketd
