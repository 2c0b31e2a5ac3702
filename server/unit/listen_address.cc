#include "server/unit/listen_address.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "server/unit/grammar.h"

namespace socketd {
namespace {

constexpr size_t kLongestPath = 4095;     // PATH_MAX without its NUL
constexpr size_t kLongestUnixName = 107;  // sun_path without its NUL, unix(7)
constexpr size_t kLongestQueue = 255;     // NAME_MAX, mq_overview(7)
constexpr size_t kLongestScope = 15;      // IFNAMSIZ without its NUL
constexpr uint32_t kAnyCid = std::numeric_limits<uint32_t>::max();  // VMADDR_CID_ANY, vsock(7)
constexpr size_t kGroups = 8;
constexpr absl::string_view kNoFifoBelow[] = {"/proc", "/sys", "/dev"};

absl::Status BadAddress(absl::string_view text, absl::string_view expected) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_ADDRESS",
               absl::StrCat("expected ", expected, ", not ", Shown(text)),
               {{"address", Shown(text)}});
}

template <typename Number>
bool Decimal(absl::string_view text, uint64_t most, Number& number) {
  uint64_t value = 0;
  if (text.empty() || text.size() > 10 || !absl::SimpleAtoi(text, &value)) return false;
  if (text.find_first_not_of("0123456789") != absl::string_view::npos || value > most) return false;
  number = static_cast<Number>(value);
  return true;
}

bool ParseOctets(absl::string_view text, std::array<uint8_t, 4>& octets) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() != octets.size()) return false;
  for (size_t i = 0; i < octets.size(); ++i) {
    const bool padded = parts[i].size() > 1 && parts[i][0] == '0';
    if (padded || !Decimal(parts[i], 255, octets[i])) return false;
  }
  return true;
}

bool IsHexDigit(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c));
}

// The 16-bit groups of one side of "::", the last one perhaps as dotted IPv4 (RFC 4291, 2.2).
bool ParseGroups(absl::string_view text, std::vector<uint16_t>& groups) {
  if (text.empty()) return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::array<uint8_t, 4> octets{};
    if (i + 1 == parts.size() && ParseOctets(parts[i], octets)) {
      groups.push_back(static_cast<uint16_t>(octets[0] << 8 | octets[1]));
      groups.push_back(static_cast<uint16_t>(octets[2] << 8 | octets[3]));
      continue;
    }
    uint32_t group = 0;
    if (parts[i].size() > 4 || !std::all_of(parts[i].begin(), parts[i].end(), IsHexDigit) ||
        !absl::SimpleHexAtoi(parts[i], &group)) {
      return false;
    }
    groups.push_back(static_cast<uint16_t>(group));
  }
  return groups.size() <= kGroups;
}

bool ParseIpv6(absl::string_view text, std::array<uint8_t, 16>& octets) {
  const size_t gap = text.find("::");
  const bool has_gap = gap != absl::string_view::npos;
  std::vector<uint16_t> left;
  std::vector<uint16_t> right;
  if (!ParseGroups(text.substr(0, gap), left)) return false;
  if (has_gap && !ParseGroups(text.substr(gap + 2), right)) return false;
  const size_t given = left.size() + right.size();
  if (has_gap ? given >= kGroups : given != kGroups) return false;
  left.resize(kGroups - right.size());
  left.insert(left.end(), right.begin(), right.end());
  for (size_t i = 0; i < kGroups; ++i) {
    octets[2 * i] = static_cast<uint8_t>(left[i] >> 8);
    octets[2 * i + 1] = static_cast<uint8_t>(left[i] & 0xFF);
  }
  return true;
}

absl::StatusOr<SocketAddress> ParseVsock(absl::string_view text) {
  absl::string_view rest = text;
  absl::ConsumePrefix(&rest, "vsock:");
  const std::vector<absl::string_view> parts = absl::StrSplit(rest, ':');
  VsockAddress address;
  address.cid = kAnyCid;
  const bool cid_fits = parts[0].empty() || Decimal(parts[0], kAnyCid, address.cid);
  if (parts.size() != 2 || !cid_fits || !Decimal(parts[1], kAnyCid, address.port)) {
    return BadAddress(text, "\"vsock:CID:PORT\"");
  }
  return SocketAddress(address);
}

absl::StatusOr<SocketAddress> ParseBracketed(absl::string_view text) {
  constexpr absl::string_view kWhat = "\"[IPV6]:PORT\" or \"[IPV6]:PORT%INTERFACE\", port to 65535";
  Ipv6Address address;
  const size_t close = text.find("]:");
  if (close == absl::string_view::npos || !ParseIpv6(text.substr(1, close - 1), address.octets)) {
    return BadAddress(text, kWhat);
  }
  const absl::string_view rest = text.substr(close + 2);
  const size_t percent = rest.find('%');
  if (!Decimal(rest.substr(0, percent), 65535, address.port)) return BadAddress(text, kWhat);
  if (percent != absl::string_view::npos) {
    address.scope = std::string(rest.substr(percent + 1));
    if (address.scope.empty() || address.scope.size() > kLongestScope ||
        address.scope.find_first_of(" /:%") != std::string::npos) {
      return BadAddress(text, kWhat);
    }
  }
  return SocketAddress(address);
}

absl::StatusOr<SocketAddress> ParseInternet(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) {
    Ipv6Address any;
    any.ipv4_if_no_ipv6 = true;
    if (Decimal(text, 65535, any.port) && any.port != 0) return SocketAddress(any);
    return BadAddress(text,
                      "an address to listen on: /PATH, @NAME, a port of 1 to 65535, IPV4:PORT, "
                      "[IPV6]:PORT or vsock:CID:PORT");
  }
  Ipv4Address address;
  if (!ParseOctets(text.substr(0, colon), address.octets) ||
      !Decimal(text.substr(colon + 1), 65535, address.port)) {
    return BadAddress(text, "\"IPV4:PORT\", four numbers to 255 and a port to 65535");
  }
  return SocketAddress(address);
}

absl::StatusOr<SocketAddress> ParsePath(absl::string_view text, absl::string_view what) {
  const bool fits = text.size() >= 2 && text.size() <= kLongestPath && text[0] == '/';
  if (!fits || absl::StrContains(text, '\0')) return BadAddress(text, what);
  return SocketAddress(PathAddress{std::string(text)});
}

absl::StatusOr<SocketAddress> ParseFifo(absl::string_view text) {
  for (absl::string_view folder : kNoFifoBelow) {
    if (text == folder || absl::StartsWith(text, absl::StrCat(folder, "/"))) {
      return BadAddress(text, "a FIFO that is not below /proc, /sys or /dev");
    }
  }
  return ParsePath(text, "the absolute path of a FIFO");
}

absl::StatusOr<SocketAddress> ParseNetlink(absl::string_view text) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  NetlinkAddress address;
  const auto family = words.empty() ? std::nullopt : NetlinkFamily(std::string(words[0]));
  constexpr uint64_t kMostGroups = std::numeric_limits<uint32_t>::max();
  const bool grouped = words.size() == 2 && Decimal(words[1], kMostGroups, address.groups);
  if (!family.has_value() || (words.size() != 1 && !grouped)) {
    return BadAddress(text,
                      "a netlink family by name or number, and perhaps a mask of groups, as "
                      "\"kobject-uevent 1\"");
  }
  address.family = *family;
  return SocketAddress(address);
}

absl::StatusOr<SocketAddress> ParseQueue(absl::string_view text) {
  const bool fits = text.size() >= 2 && text.size() <= kLongestQueue + 1 && text[0] == '/' &&
                    text != "/." && text != "/.." && text.rfind('/') == 0 &&
                    !absl::StrContains(text, '\0');
  if (!fits) return BadAddress(text, "\"/\" and a name of at most 255 bytes without \"/\"");
  return SocketAddress(QueueAddress{std::string(text)});
}

absl::StatusOr<SocketAddress> ParseAbstract(absl::string_view text) {
  if (text.size() < 2) return BadAddress(text, "a name after the \"@\"");
  return SocketAddress(AbstractAddress{std::string(text.substr(1))});
}

absl::StatusOr<SocketAddress> ParseSocket(absl::string_view text) {
  if (absl::StartsWith(text, "/")) return ParsePath(text, "a path other than \"/\"");
  if (absl::StartsWith(text, "@")) return ParseAbstract(text);
  if (absl::StartsWith(text, "vsock:")) return ParseVsock(text);
  return absl::StartsWith(text, "[") ? ParseBracketed(text) : ParseInternet(text);
}

absl::Status CheckSocket(ListenKind kind, const SocketAddress& address) {
  const auto* node = std::get_if<PathAddress>(&address);
  const auto* abstract = std::get_if<AbstractAddress>(&address);
  const size_t length = node != nullptr       ? node->path.size()
                        : abstract != nullptr ? abstract->name.size()
                                              : 0;
  if (length > kLongestUnixName) {
    return BadAddress(ToText(address), "a unix socket's path or name of at most 107 bytes");
  }
  if (kind == ListenKind::kSequentialPacket && length == 0) {
    return BadAddress(ToText(address), "a unix socket for sequential packets: /PATH or @NAME");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SocketAddress> ParseListenAddress(ListenKind kind, absl::string_view text) {
  switch (kind) {
    case ListenKind::kFifo:
      return ParseFifo(text);
    case ListenKind::kSpecial:
      return ParsePath(text, "the absolute path of a special file");
    case ListenKind::kUsbFunction:
      return ParsePath(text, "the absolute path of a folder of FunctionFS");
    case ListenKind::kNetlink:
      return ParseNetlink(text);
    case ListenKind::kMessageQueue:
      return ParseQueue(text);
    default:
      break;
  }
  absl::StatusOr<SocketAddress> address = ParseSocket(text);
  if (!address.ok()) return address;
  if (absl::Status fits = CheckSocket(kind, *address); !fits.ok()) return fits;
  return address;
}

}  // namespace socketd
