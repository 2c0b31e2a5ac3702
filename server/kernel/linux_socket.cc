#include "server/kernel/linux_socket.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

template <typename T>
RawAddress RawFrom(const T& value, size_t length = sizeof(T)) {
  RawAddress raw;
  std::memcpy(&raw.storage, &value, sizeof(value));
  raw.length = static_cast<socklen_t>(length);
  return raw;
}

template <typename T>
T As(const RawAddress& raw) {
  T value;
  std::memcpy(&value, &raw.storage, sizeof(value));
  return value;
}

RawAddress RawOfIpv4(const Ipv4Address& address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(address.port);
  std::memcpy(&in.sin_addr, address.octets.data(), address.octets.size());
  return RawFrom(in);
}

absl::StatusOr<uint32_t> ScopeId(const std::string& scope) {
  uint32_t number = 0;
  if (scope.empty() || absl::SimpleAtoi(scope, &number)) return number;
  number = if_nametoindex(scope.c_str());
  if (number != 0) return number;
  return SystemError(ENODEV, "if_nametoindex", {{"device", scope}}, "NO_SUCH_DEVICE");
}

absl::StatusOr<RawAddress> RawOfIpv6(const Ipv6Address& address) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(address.port);
  std::memcpy(&in.sin6_addr, address.octets.data(), address.octets.size());
  absl::StatusOr<uint32_t> scope = ScopeId(address.scope);
  if (!scope.ok()) return scope.status();
  in.sin6_scope_id = *scope;
  return RawFrom(in);
}

absl::StatusOr<RawAddress> RawOfAbstract(const AbstractAddress& address) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (address.name.size() > sizeof(un.sun_path) - 1) {
    return SystemError(ENAMETOOLONG, "bind", {{"address", ToText(address)}},
                       "ADDRESS_NOT_AVAILABLE");
  }
  std::memcpy(un.sun_path + 1, address.name.data(), address.name.size());
  return RawFrom(un, offsetof(sockaddr_un, sun_path) + 1 + address.name.size());
}

SocketAddress UnixAddressOf(const RawAddress& raw) {
  const auto un = As<sockaddr_un>(raw);
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  if (raw.length <= kStart) return std::monostate{};
  const size_t length = std::min<size_t>(raw.length - kStart, sizeof(un.sun_path));
  if (un.sun_path[0] == 0) return AbstractAddress{std::string(un.sun_path + 1, length - 1)};
  return PathAddress{std::string(un.sun_path, strnlen(un.sun_path, length))};
}

SocketAddress Ipv6AddressOf(const RawAddress& raw) {
  const auto in = As<sockaddr_in6>(raw);
  Ipv6Address address;
  address.port = ntohs(in.sin6_port);
  std::memcpy(address.octets.data(), &in.sin6_addr, address.octets.size());
  if (in.sin6_scope_id == 0) return address;
  std::array<char, IF_NAMESIZE> name{};
  address.scope = if_indextoname(in.sin6_scope_id, name.data()) != nullptr
                      ? std::string(name.data())
                      : absl::StrCat(in.sin6_scope_id);
  return address;
}

}  // namespace

absl::StatusOr<RawAddress> RawOf(const SocketAddress& address) {
  if (const auto* ipv4 = std::get_if<Ipv4Address>(&address)) return RawOfIpv4(*ipv4);
  if (const auto* ipv6 = std::get_if<Ipv6Address>(&address)) return RawOfIpv6(*ipv6);
  if (const auto* abstract = std::get_if<AbstractAddress>(&address))
    return RawOfAbstract(*abstract);
  if (const auto* vsock = std::get_if<VsockAddress>(&address)) {
    sockaddr_vm vm{};
    vm.svm_family = AF_VSOCK;
    vm.svm_cid = vsock->cid;
    vm.svm_port = vsock->port;
    return RawFrom(vm);
  }
  if (const auto* netlink = std::get_if<NetlinkAddress>(&address)) {
    sockaddr_nl nl{};
    nl.nl_family = AF_NETLINK;
    nl.nl_groups = netlink->groups;
    return RawFrom(nl);
  }
  return SystemError(EINVAL, "bind", {{"address", ToText(address)}}, "ADDRESS_NOT_AVAILABLE");
}

RawAddress RawOfPath(absl::string_view path) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const size_t length = std::min(path.size(), kUnixPathMax);
  std::memcpy(un.sun_path, path.data(), length);
  return RawFrom(un, offsetof(sockaddr_un, sun_path) + length + 1);
}

SocketAddress AddressOf(const RawAddress& raw) {
  if (raw.length < sizeof(sa_family_t)) return std::monostate{};
  switch (raw.family()) {
    case AF_INET: {
      const auto in = As<sockaddr_in>(raw);
      Ipv4Address address;
      address.port = ntohs(in.sin_port);
      std::memcpy(address.octets.data(), &in.sin_addr, address.octets.size());
      return address;
    }
    case AF_INET6:
      return Ipv6AddressOf(raw);
    case AF_UNIX:
      return UnixAddressOf(raw);
    case AF_VSOCK: {
      const auto vm = As<sockaddr_vm>(raw);
      return VsockAddress{vm.svm_cid, vm.svm_port};
    }
    default:
      return std::monostate{};
  }
}

SocketAddress LocalAddressOf(int fd) {
  RawAddress raw;
  raw.length = sizeof(raw.storage);
  if (getsockname(fd, raw.get(), &raw.length) != 0) return std::monostate{};
  if (raw.family() != AF_NETLINK) return AddressOf(raw);
  // The family of a netlink socket is its protocol, which its address does not tell.
  NetlinkAddress netlink;
  netlink.groups = As<sockaddr_nl>(raw).nl_groups;
  socklen_t length = sizeof(netlink.family);
  getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &netlink.family, &length);
  return netlink;
}

}  // namespace socketd
