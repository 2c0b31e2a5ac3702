#include "server/base/socket_address.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/escaping.h"
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

}  // namespace socketd
