#include "server/base/socket_address.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace socketd {
namespace {

template <typename... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overload(Ts...) -> Overload<Ts...>;

std::string Ipv4Text(const std::array<uint8_t, 4>& octets) {
  return absl::StrCat(octets[0], ".", octets[1], ".", octets[2], ".", octets[3]);
}

struct Run {
  size_t begin = 0;
  size_t length = 0;
};

// The longest run of zero groups, the first of equals; RFC 5952, 4.2.
Run LongestZeroRun(const std::array<uint16_t, 8>& groups) {
  Run best;
  Run now;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != 0) {
      now = Run{i + 1, 0};
      continue;
    }
    ++now.length;
    if (now.length > best.length) best = now;
  }
  return best.length >= 2 ? best : Run{groups.size(), 0};
}

std::string GroupsText(const std::array<uint8_t, 16>& octets) {
  std::array<uint16_t, 8> groups{};
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<uint16_t>((octets[2 * i] << 8) | octets[2 * i + 1]);
  }
  const Run zeros = LongestZeroRun(groups);
  std::string text;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros.begin && zeros.length > 0) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    absl::StrAppend(&text, absl::Hex(groups[i]));
  }
  return text;
}

bool IsMapped(const Ipv6Address& address) {
  return std::all_of(address.octets.begin(), address.octets.begin() + 10,
                     [](uint8_t octet) { return octet == 0; }) &&
         address.octets[10] == 0xFF && address.octets[11] == 0xFF;
}

std::string Ipv6Text(const Ipv6Address& address) {
  if (!IsMapped(address)) return GroupsText(address.octets);
  const auto* last = address.octets.data() + 12;  // RFC 5952, 5
  return absl::StrCat("::ffff:", Ipv4Text({last[0], last[1], last[2], last[3]}));
}

struct Family {
  std::string_view name;
  uint32_t number;
};

// linux/netlink.h, NETLINK_*, as systemd spells them.
constexpr Family kNetlinkFamilies[] = {
    {"route", 0},       {"firewall", 3},        {"inet-diag", 4},  {"nflog", 5},
    {"xfrm", 6},        {"selinux", 7},         {"iscsi", 8},      {"audit", 9},
    {"fib-lookup", 10}, {"connector", 11},      {"netfilter", 12}, {"ip6-fw", 13},
    {"dnrtmsg", 14},    {"kobject-uevent", 15}, {"generic", 16},   {"scsitransport", 18},
    {"ecryptfs", 19},   {"rdma", 20},
};

std::string NetlinkText(const NetlinkAddress& address) {
  const auto* const known =
      std::find_if(std::begin(kNetlinkFamilies), std::end(kNetlinkFamilies),
                   [&](const Family& family) { return family.number == address.family; });
  const std::string family =
      known == std::end(kNetlinkFamilies) ? absl::StrCat(address.family) : std::string(known->name);
  return absl::StrCat(family, " ", address.groups);
}

std::string AbstractText(const AbstractAddress& address) {
  return absl::StrCat("@", absl::CEscape(address.name));
}

}  // namespace

SocketAddress Unmapped(const SocketAddress& address) {
  const auto* v6 = std::get_if<Ipv6Address>(&address);
  if (v6 == nullptr || !IsMapped(*v6)) return address;
  Ipv4Address v4;
  std::copy_n(v6->octets.begin() + 12, 4, v4.octets.begin());
  v4.port = v6->port;
  return v4;
}

std::optional<uint32_t> NetlinkFamily(std::string_view text) {
  for (const Family& family : kNetlinkFamilies) {
    if (family.name == text) return family.number;
  }
  uint32_t number = 0;
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  constexpr uint32_t kMostFamilies = 32;  // MAX_LINKS
  if (!digits || !absl::SimpleAtoi(std::string(text), &number) || number >= kMostFamilies)
    return std::nullopt;
  return number;
}

std::string ToText(const SocketAddress& address) {
  return std::visit(
      Overload{
          [](std::monostate) { return std::string(); },
          [](const Ipv4Address& a) { return absl::StrCat(Ipv4Text(a.octets), ":", a.port); },
          [](const Ipv6Address& a) {
            return absl::StrCat("[", Ipv6Text(a), "]:", a.port, a.scope.empty() ? "" : "%",
                                a.scope);
          },
          [](const PathAddress& a) { return a.path; },
          [](const AbstractAddress& a) { return AbstractText(a); },
          [](const VsockAddress& a) { return absl::StrCat("vsock:", a.cid, ":", a.port); },
          [](const NetlinkAddress& a) { return NetlinkText(a); },
          [](const QueueAddress& a) { return a.name; },
      },
      address);
}

std::string HostText(const SocketAddress& address) {
  return std::visit(Overload{
                        [](std::monostate) { return std::string(); },
                        [](const Ipv4Address& a) { return Ipv4Text(a.octets); },
                        [](const Ipv6Address& a) { return Ipv6Text(a); },
                        [](const PathAddress& a) { return a.path; },
                        [](const AbstractAddress& a) { return AbstractText(a); },
                        [](const VsockAddress& a) { return absl::StrCat(a.cid); },
                        [](const NetlinkAddress& a) { return NetlinkText(a); },
                        [](const QueueAddress& a) { return a.name; },
                    },
                    Unmapped(address));
}

std::string PortText(const SocketAddress& address) {
  return std::visit(Overload{
                        [](const Ipv4Address& a) { return absl::StrCat(a.port); },
                        [](const Ipv6Address& a) { return absl::StrCat(a.port); },
                        [](const VsockAddress& a) { return absl::StrCat(a.port); },
                        [](const auto&) { return std::string(); },
                    },
                    address);
}

uint16_t PortOf(const SocketAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&address)) return v4->port;
  if (const auto* v6 = std::get_if<Ipv6Address>(&address)) return v6->port;
  return 0;
}

void SetPortIfNone(SocketAddress& address, uint16_t port) {
  if (auto* v4 = std::get_if<Ipv4Address>(&address); v4 != nullptr && v4->port == 0)
    v4->port = port;
  if (auto* v6 = std::get_if<Ipv6Address>(&address); v6 != nullptr && v6->port == 0)
    v6->port = port;
}

bool Overlap(const SocketAddress& left, const SocketAddress& right) {
  const auto internet = [](const SocketAddress& address) {
    return std::holds_alternative<Ipv4Address>(address) ||
           std::holds_alternative<Ipv6Address>(address);
  };
  if (!internet(left) || !internet(right)) return left == right;
  const auto any = [](const std::string& host) { return host == "0.0.0.0" || host == "::"; };
  const std::string hosts[] = {HostText(left), HostText(right)};
  return PortText(left) == PortText(right) &&
         (hosts[0] == hosts[1] || any(hosts[0]) || any(hosts[1]));
}

}  // namespace socketd
