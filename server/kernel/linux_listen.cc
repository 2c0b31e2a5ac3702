#include "server/kernel/linux_listen.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_holder.h"
#include "server/kernel/linux_labels.h"
#include "server/kernel/linux_node.h"
#include "server/kernel/linux_options.h"
#include "server/kernel/linux_rights.h"
#include "server/kernel/linux_socket.h"
#include "server/kernel/linux_special.h"

namespace socketd {
namespace {

bool IsInternet(int family) {
  return family == AF_INET || family == AF_INET6;
}

}  // namespace

int SocketTypeOf(ListenType type) {
  switch (type) {
    case ListenType::kDatagram:
      return SOCK_DGRAM;
    case ListenType::kSequentialPacket:
      return SOCK_SEQPACKET;
    case ListenType::kNetlink:
      return SOCK_RAW;
    default:
      return SOCK_STREAM;
  }
}

int FamilyOf(const SocketAddress& address) {
  if (std::holds_alternative<Ipv4Address>(address)) return AF_INET;
  if (std::holds_alternative<Ipv6Address>(address)) return AF_INET6;
  if (std::holds_alternative<VsockAddress>(address)) return AF_VSOCK;
  if (std::holds_alternative<NetlinkAddress>(address)) return AF_NETLINK;
  return AF_UNIX;
}

int ProtocolOf(int family, const ListenSpec& spec) {
  if (const auto* netlink = std::get_if<NetlinkAddress>(&spec.address))
    return static_cast<int>(netlink->family);
  if (!IsInternet(family)) return 0;
  const bool stream = spec.type == ListenType::kStream;
  if (stream && spec.protocol == SocketProtocol::kMptcp) return IPPROTO_MPTCP;
  if (stream && spec.protocol == SocketProtocol::kSctp) return IPPROTO_SCTP;
  if (!stream && spec.protocol == SocketProtocol::kUdplite) return IPPROTO_UDPLITE;
  return 0;
}

namespace {

absl::string_view ProtocolName(int protocol) {
  return protocol == IPPROTO_MPTCP ? "MPTCP" : protocol == IPPROTO_SCTP ? "SCTP" : "UDP-Lite";
}

absl::string_view ReasonFor(int error) {
  switch (error) {
    case EADDRINUSE:
      return "PORT_IN_USE";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
      return "ADDRESS_NOT_AVAILABLE";
    case ENODEV:
      return "NO_SUCH_DEVICE";
    case EACCES:
    case EPERM:
      return "PERMISSION_DENIED";
    default:
      return "SYSTEM_ERROR";
  }
}

absl::Status Failed(absl::string_view call, const ListenSpec& spec, int error) {
  return SystemError(error, call, {{"address", ToText(spec.address)}}, ReasonFor(error));
}

int SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value));
}

absl::Status SetIpOptions(int fd, const ListenSpec& spec) {
  // Else a restart within the minute of TIME_WAIT finds its own port taken. Not for datagrams:
  // there it would let two listeners share a port.
  if (spec.type == ListenType::kStream && SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
    return Failed("setsockopt SO_REUSEADDR", spec, errno);
  if (std::holds_alternative<Ipv6Address>(spec.address) && spec.ipv6_only != Ipv6Only::kDefault) {
    const int only = spec.ipv6_only == Ipv6Only::kIpv6Only ? 1 : 0;
    if (SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, only) != 0)
      return Failed("setsockopt IPV6_V6ONLY", spec, errno);
  }
  if (spec.bind_to_device.empty()) return absl::OkStatus();
  const std::string& device = spec.bind_to_device;
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                 static_cast<socklen_t>(device.size() + 1)) == 0)
    return absl::OkStatus();
  return WithFacts(Failed("setsockopt SO_BINDTODEVICE", spec, errno), {{"device", device}});
}

// Who sends is told by each message; descriptors nobody asked for are refused where Linux can.
absl::Status SetUnixOptions(int fd, const ListenSpec& spec) {
  // Since Linux 6.16, and connections inherit it; before, what comes is closed.
  if (spec.refuse_descriptors) SetOption(fd, SOL_SOCKET, kSoPassRights, 0);
  if (!spec.pass_credentials) return absl::OkStatus();
  if (SetOption(fd, SOL_SOCKET, SO_PASSCRED, 1) != 0)
    return Failed("setsockopt SO_PASSCRED", spec, errno);
  SetOption(fd, SOL_SOCKET, kSoPassPidfd, 1);  // since Linux 6.5; the credentials do without it
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> OpenSocket(int family, const ListenSpec& spec, Warnings& warnings) {
  const int protocol = ProtocolOf(family, spec);
  UniqueFd fd(socket(family, SocketTypeOf(spec.type) | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd && IsInternet(family) && protocol != 0 && errno != EAFNOSUPPORT) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "NO_SUCH_PROTOCOL",
        absl::StrCat("this kernel has no ", ProtocolName(protocol), ": ", ErrnoName(errno)),
        {{"address", ToText(spec.address)}});
  }
  if (!fd) return Failed("socket", spec, errno);
  absl::Status set =
      IsInternet(family) ? SetIpOptions(fd.get(), spec) : SetUnixOptions(fd.get(), spec);
  if (!set.ok()) return set;
  SetOptions(fd.get(), family, spec, warnings);
  return fd;
}

// What poll(2) tells of a descriptor now.
int EventsOf(int fd) {
  pollfd state{fd, POLLIN, 0};
  return poll(&state, 1, 0) > 0 ? state.revents : 0;
}

// True if the node that was made for `spec` is not at its path any more.
bool LostItsNode(uint64_t node, const ListenSpec& spec) {
  const auto* path = std::get_if<PathAddress>(&spec.address);
  if (node == 0 || path == nullptr) return false;
  struct stat there{};
  if (lstat(path->path.c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
  return there.st_ino != node;
}

}  // namespace

absl::Status BeginListening(int fd, const ListenSpec& spec) {
  if (!Accepts(spec.type)) return absl::OkStatus();
  const int backlog = static_cast<int>(std::min<uint32_t>(spec.backlog, 0x7FFFFFFF));
  if (listen(fd, backlog) == 0) return absl::OkStatus();
  return Failed("listen", spec, errno);
}

namespace {

// Two that are bound with SO_REUSEADDR meet only when they listen.
absl::Status BindAndListen(int fd, const ListenSpec& spec) {
  absl::StatusOr<RawAddress> address = RawOf(spec.address);
  if (!address.ok()) return address.status();
  const bool bound = bind(fd, address->get(), address->length) == 0;
  absl::Status done = bound ? BeginListening(fd, spec) : Failed("bind", spec, errno);
  if (ErrnoOf(done) == EADDRINUSE) return AddressInUse(spec.type, spec.address);
  return done;
}

absl::StatusOr<OpenPort> OpenFifoPort(const NodePlace& place, const ListenSpec& spec) {
  absl::StatusOr<Fifo> fifo = OpenFifo(place, spec);
  if (!fifo.ok()) return fifo.status();
  OpenPort port;
  SetPipeSize(fifo->fd.get(), spec, port.warnings);
  port.fd = Raised(std::move(fifo->fd));
  port.node = fifo->node;
  return port;
}

absl::StatusOr<OpenPort> OpenUnixPort(const NodePlace& place, const ListenSpec& spec) {
  OpenPort port;
  absl::StatusOr<UniqueFd> fd = OpenSocket(AF_UNIX, spec, port.warnings);
  if (!fd.ok()) return fd.status();
  absl::StatusOr<uint64_t> node = BindNode(fd->get(), place, spec);
  if (!node.ok()) return node.status();
  if (absl::Status listening = BeginListening(fd->get(), spec); !listening.ok()) {
    RemoveNode(place, *node);
    return listening;
  }
  port.fd = Raised(std::move(*fd));
  port.node = *node;
  return port;
}

absl::StatusOr<OpenPort> OpenAtPath(const ListenSpec& spec) {
  absl::StatusOr<NodePlace> place =
      PlaceOf(std::get<PathAddress>(spec.address).path, spec.directory_mode);
  if (!place.ok()) return place.status();
  const bool fifo = spec.type == ListenType::kFifo;
  absl::StatusOr<OpenPort> port = fifo ? OpenFifoPort(*place, spec) : OpenUnixPort(*place, spec);
  if (!port.ok()) return port;
  port->bound = spec.address;
  if (spec.options.empty()) return port;
  const UniqueFd node(
      openat(place->folder.get(), place->name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  LabelNode(node.get(), spec, port->warnings);
  return port;
}

// Nothing here was ever tried on a machine that has it.
absl::Status NoUsbFunctions(const ListenSpec& spec) {
  return Error(
      absl::StatusCode::kUnimplemented, "NOT_SUPPORTED",
      HasFunctionFs() ? "USB functions are not listened on yet" : "this kernel has no FunctionFS",
      {{"address", ToText(spec.address)}});
}

// "[::]:80" written as a bare port stands for any address, of IPv4 where there is no IPv6.
ListenSpec AsIpv4(const ListenSpec& spec) {
  ListenSpec ipv4 = spec;
  Ipv4Address any;
  any.port = std::get<Ipv6Address>(spec.address).port;
  ipv4.address = any;
  return ipv4;
}

bool FallsBackToIpv4(const SocketAddress& address) {
  const auto* ipv6 = std::get_if<Ipv6Address>(&address);
  return ipv6 != nullptr && ipv6->ipv4_if_no_ipv6;
}

// A connection that is gone, or that a firewall refuses: none is waiting, as far as we care.
bool IsPassing(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<OpenPort> OpenListener(const ListenSpec& spec) {
  if (spec.type == ListenType::kSpecial) return OpenSpecial(spec);
  if (spec.type == ListenType::kMessageQueue) return OpenQueue(spec);
  if (spec.type == ListenType::kUsbFunction) return NoUsbFunctions(spec);
  if (std::holds_alternative<PathAddress>(spec.address)) return OpenAtPath(spec);
  OpenPort port;
  absl::StatusOr<UniqueFd> fd = OpenSocket(FamilyOf(spec.address), spec, port.warnings);
  absl::Status opened = fd.ok() ? BindAndListen(fd->get(), spec) : fd.status();
  const int error = ErrnoOf(opened);
  const bool no_ipv6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
  if (no_ipv6 && FallsBackToIpv4(spec.address)) return OpenListener(AsIpv4(spec));
  if (!opened.ok()) return opened;
  port.bound = LocalAddressOf(fd->get());
  port.fd = Raised(std::move(*fd));
  return port;
}

absl::StatusOr<PortFound> RestoreListener(int fd, uint64_t node, const ListenSpec& spec) {
  // A listener has no other flag that F_SETFL could change.
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return Failed("fcntl", spec, errno);
  if (spec.type == ListenType::kNetlink) {
    // An overrun is told as an error until somebody asks for it; the messages stay.
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return PortFound::kSound;
  }
  const bool can_hang_up = Accepts(spec.type) || spec.type == ListenType::kDatagram;
  const int events = EventsOf(fd);
  if (can_hang_up && !BeginListening(fd, spec).ok()) return PortFound::kBroken;
  if (can_hang_up && (events & POLLHUP) != 0) {
    // A TCP socket that was shut down listens again; a unix one says so and does not.
    return (EventsOf(fd) & POLLHUP) != 0 ? PortFound::kBroken : PortFound::kRepaired;
  }
  // Who has come to a name that is no more is served before it is given to another socket.
  const bool waits = (events & POLLIN) != 0;
  return !waits && LostItsNode(node, spec) ? PortFound::kNameless : PortFound::kSound;
}

bool SomebodyWaits(int fd) {
  return EventsOf(fd) != 0;
}

// The end of every batch of connections: made once.
const absl::Status& NobodyWaits() {
  static const auto* const kStatus = new absl::Status(
      Error(absl::StatusCode::kUnavailable, "NO_CONNECTION", "no connection is waiting"));
  return *kStatus;
}

SocketAddress LocalOfAll(const SocketAddress& bound) {
  const auto any = [](const auto& octets) {
    return std::all_of(octets.begin(), octets.end(), [](uint8_t octet) { return octet == 0; });
  };
  const auto* ipv4 = std::get_if<Ipv4Address>(&bound);
  const auto* ipv6 = std::get_if<Ipv6Address>(&bound);
  const bool own = (ipv4 != nullptr && any(ipv4->octets)) ||
                   (ipv6 != nullptr && any(ipv6->octets)) ||
                   std::holds_alternative<VsockAddress>(bound);
  return own ? SocketAddress() : bound;
}

absl::StatusOr<Accepted> AcceptFrom(int fd, const SocketAddress& local) {
  RawAddress remote;
  remote.length = sizeof(remote.storage);
  // Blocking, as services expect what they are started with; nothing here reads from it.
  UniqueFd connection(accept4(fd, remote.get(), &remote.length, SOCK_CLOEXEC));
  if (!connection) {
    const int error = errno;
    return IsPassing(error) ? NobodyWaits() : SystemError(error, "accept");
  }
  Accepted accepted;
  accepted.remote = AddressOf(remote);
  accepted.local =
      std::holds_alternative<std::monostate>(local) ? LocalAddressOf(connection.get()) : local;
  if (remote.family() == AF_UNIX) accepted.peer = PeerOfSocket(connection.get());
  socklen_t length = sizeof(accepted.cookie);
  if (getsockopt(connection.get(), SOL_SOCKET, SO_COOKIE, &accepted.cookie, &length) != 0)
    accepted.cookie = 0;
  accepted.fd = std::move(connection);
  return accepted;
}

}  // namespace socketd
