// Packets with what travels beside them: descriptors both ways and who sent them. Free functions on
// numbers; LinuxKernel makes owned descriptors of them. Engine thread only.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

struct RawPacket {
  std::string data;
  std::vector<UniqueFd> fds;
  Peer peer;
  bool truncated = false;
};
// `flags` as of recvmsg(2), besides those that are always set.
absl::StatusOr<RawPacket> ReceivePacket(int socket, int flags);
absl::Status SendPacket(int socket, absl::string_view data, absl::Span<const int> fds);

// SO_PEERCRED; without the group, which nobody asks for.
Peer PeerOfSocket(int socket);

}  // namespace socketd
