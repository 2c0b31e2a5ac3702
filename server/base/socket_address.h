// Where a socket is bound or who is at its other end: a value, and its text. The text of an address
// is what systemd prints: "/run/x", "@name", "1.2.3.4:80", "[::1]:80", "[fe80::1]:80%eth0",
// "vsock:2:80", "kobject-uevent 1". Parsing is the unit floor's (unit/listen_address.h); nothing
// here asks the system.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace socketd {

struct Ipv4Address {
  std::array<uint8_t, 4> octets{};
  uint16_t port = 0;
  friend bool operator==(const Ipv4Address&, const Ipv4Address&) = default;
};

struct Ipv6Address {
  std::array<uint8_t, 16> octets{};
  uint16_t port = 0;
  std::string scope;  // an interface name or number; empty: none
  // A bare port was written: IPv4's any-address where the kernel has no IPv6.
  bool ipv4_if_no_ipv6 = false;
  friend bool operator==(const Ipv6Address&, const Ipv6Address&) = default;
};

// A node in the file system: a unix socket or a FIFO.
struct PathAddress {
  std::string path;  // absolute, without NUL
  friend bool operator==(const PathAddress&, const PathAddress&) = default;
};

// unix(7), abstract sockets: `name` is without the leading NUL and may hold any byte.
struct AbstractAddress {
  std::string name;
  friend bool operator==(const AbstractAddress&, const AbstractAddress&) = default;
};

struct VsockAddress {
  uint32_t cid = 0;
  uint32_t port = 0;
  friend bool operator==(const VsockAddress&, const VsockAddress&) = default;
};

// A netlink family and a mask of its groups; netlink(7).
struct NetlinkAddress {
  uint32_t family = 0;
  uint32_t groups = 0;
  friend bool operator==(const NetlinkAddress&, const NetlinkAddress&) = default;
};

// A POSIX message queue: "/" and a name without slashes; mq_overview(7).
struct QueueAddress {
  std::string name;
  friend bool operator==(const QueueAddress&, const QueueAddress&) = default;
};

// std::monostate: no address, as the unnamed end of a unix connection has.
using SocketAddress = std::variant<std::monostate,
                                   Ipv4Address,
                                   Ipv6Address,
                                   PathAddress,
                                   AbstractAddress,
                                   VsockAddress,
                                   NetlinkAddress,
                                   QueueAddress>;

// A netlink family by name, as "kobject-uevent", or by number; nothing: neither.
std::optional<uint32_t> NetlinkFamily(std::string_view text);

// The text of an address with its port; "" for none.
std::string ToText(const SocketAddress& address);

// Only the host part: "1.2.3.4", "fe80::1", "2" for vsock, "/run/x", "@name"; an IPv6 address that
// maps an IPv4 one (RFC 4291, 2.5.5.2) reads as IPv4. This is REMOTE_ADDR of socket activation.
std::string HostText(const SocketAddress& address);

// The port in decimal; "" where there is none. This is REMOTE_PORT.
std::string PortText(const SocketAddress& address);
// Its number, of an internet address; 0: it has none, or the kernel is to choose one.
uint16_t PortOf(const SocketAddress& address);
// Gives an internet address without one that number.
void SetPortIfNone(SocketAddress& address, uint16_t port);

// True if one of them keeps the other from being bound: the same, or the same port where one stands
// for any address.
bool Overlap(const SocketAddress& left, const SocketAddress& right);

// The same address with an IPv4-mapped IPv6 one turned into IPv4.
SocketAddress Unmapped(const SocketAddress& address);

}  // namespace socketd
