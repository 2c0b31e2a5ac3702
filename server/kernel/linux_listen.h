// Listening: sockets and FIFOs opened, made ready, put back in order, and accepted from. Free
// functions on numbers; LinuxKernel makes owned descriptors of them. Engine thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/socket_address.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

struct OpenPort {
  UniqueFd fd;
  SocketAddress bound;
  uint64_t node = 0;
  std::vector<std::string> warnings;
};
absl::StatusOr<OpenPort> OpenListener(const ListenSpec& spec);
// Goes on with a socket that is bound to the address of `spec` already, whoever waits there
// included. A failure: it is of no use any more.
absl::StatusOr<OpenPort> ResumeListener(UniqueFd fd, const ListenSpec& spec);
// The arguments of socket(2); SocketProtocol= is for the kinds of sockets that the protocol has.
int FamilyOf(const SocketAddress& address);
int SocketTypeOf(ListenType type);
int ProtocolOf(int family, const ListenSpec& spec);
// listen(2) with the backlog of `spec`, again and again if need be; nothing where nobody connects.
absl::Status BeginListening(int fd, const ListenSpec& spec);
absl::StatusOr<PortFound> RestoreListener(int fd, uint64_t node, const ListenSpec& spec);
// What Kernel::Reconfigure promises (linux_change.cc).
struct Reconfiguration {
  int fd = -1;
  uint64_t node = 0;
  const ListenSpec& from;
  const ListenSpec& to;
};
std::vector<std::string> ReconfigureListener(const Reconfiguration& change);

struct Accepted {
  UniqueFd fd;
  SocketAddress local;
  SocketAddress remote;
  Peer peer;
  uint64_t cookie = 0;
};
// Whether accept(2) would have something to say.
bool SomebodyWaits(int fd);
const absl::Status& NobodyWaits();
// `local` is the local address of every connection, if the listener's own tells; see LocalOfAll.
absl::StatusOr<Accepted> AcceptFrom(int fd, const SocketAddress& local);

// What every connection of a listener that is bound to `bound` has as its local address.
// std::monostate: each has its own.
SocketAddress LocalOfAll(const SocketAddress& bound);

}  // namespace socketd
