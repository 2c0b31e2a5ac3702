#include "server/kernel/linux_options.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_labels.h"

namespace socketd {
namespace {

// Families, as bits.
constexpr uint8_t kIp4 = 1;
constexpr uint8_t kIp6 = 2;
constexpr uint8_t kUnix = 4;
constexpr uint8_t kNetlink = 8;
constexpr uint8_t kVsock = 16;
constexpr uint8_t kIp = kIp4 | kIp6;
constexpr uint8_t kAny = kIp | kUnix | kNetlink | kVsock;
constexpr uint8_t kNone = 0;

enum class For : uint8_t { kAll, kStreams, kDatagrams };

struct Row {
  SocketOption option;
  int level;
  int name;
  uint8_t families;
  For kinds;
  uint8_t lost;  // families whose connections do not have it from their listener: measured
};

using enum SocketOption;

// clang-format off
constexpr Row kRows[] = {
    {kKeepAlive,         SOL_SOCKET,   SO_KEEPALIVE,     kIp,              For::kStreams,   kNone},
    {kKeepAliveTime,     IPPROTO_TCP,  TCP_KEEPIDLE,     kIp,              For::kStreams,   kNone},
    {kKeepAliveInterval, IPPROTO_TCP,  TCP_KEEPINTVL,    kIp,              For::kStreams,   kNone},
    {kKeepAliveProbes,   IPPROTO_TCP,  TCP_KEEPCNT,      kIp,              For::kStreams,   kNone},
    {kDeferAccept,       IPPROTO_TCP,  TCP_DEFER_ACCEPT, kIp,              For::kStreams,   kNone},
    {kNoDelay,           IPPROTO_TCP,  TCP_NODELAY,      kIp,              For::kStreams,   kNone},
    {kReceiveBuffer,     SOL_SOCKET,   SO_RCVBUFFORCE,   kAny,             For::kAll,       kUnix},
    {kSendBuffer,        SOL_SOCKET,   SO_SNDBUFFORCE,   kAny,             For::kAll,       kUnix},
    {kMark,              SOL_SOCKET,   SO_MARK,          kAny,             For::kAll,       kUnix},
    {kIpTos,             IPPROTO_IP,   IP_TOS,           kIp,              For::kAll,       kNone},
    {kIpTos,             IPPROTO_IPV6, IPV6_TCLASS,      kIp6,             For::kAll,       kNone},
    {kPriority,          SOL_SOCKET,   SO_PRIORITY,      kAny,             For::kAll,       kAny},
    {kIpTtl,             IPPROTO_IP,   IP_TTL,           kIp,              For::kAll,       kNone},
    {kIpTtl,             IPPROTO_IPV6, IPV6_UNICAST_HOPS, kIp6,            For::kAll,       kNone},
    {kFreeBind,          IPPROTO_IP,   IP_FREEBIND,      kIp4,             For::kAll,       kNone},
    {kFreeBind,          IPPROTO_IPV6, kIpv6FreeBind,    kIp6,             For::kAll,       kNone},
    {kTransparent,       IPPROTO_IP,   IP_TRANSPARENT,   kIp4,             For::kAll,       kNone},
    {kTransparent,       IPPROTO_IPV6, IPV6_TRANSPARENT, kIp6,             For::kAll,       kNone},
    {kBroadcast,         SOL_SOCKET,   SO_BROADCAST,     kIp,              For::kDatagrams, kNone},
    {kReusePort,         SOL_SOCKET,   SO_REUSEPORT,     kIp,              For::kAll,       kNone},
    {kPassCredentials,   SOL_SOCKET,   SO_PASSCRED,      kUnix | kNetlink, For::kAll,       kNone},
    {kPassSecurity,      SOL_SOCKET,   SO_PASSSEC,       kUnix | kNetlink, For::kAll,       kNone},
    {kPassPidfd,         SOL_SOCKET,   kSoPassPidfd,     kUnix,            For::kAll,       kNone},
    {kPassPacketInfo,    IPPROTO_IP,   IP_PKTINFO,       kIp4,             For::kDatagrams, kNone},
    {kPassPacketInfo,    IPPROTO_IPV6, IPV6_RECVPKTINFO, kIp6,             For::kDatagrams, kNone},
    {kPassPacketInfo,    SOL_NETLINK,  NETLINK_PKTINFO,  kNetlink,         For::kAll,       kNone},
    {kAcceptFileDescriptors, SOL_SOCKET, kSoPassRights,  kUnix,            For::kAll,       kNone},
    {kTimestampMicroseconds, SOL_SOCKET, SO_TIMESTAMP,   kAny,             For::kAll,       kUnix},
    {kTimestampNanoseconds,  SOL_SOCKET, SO_TIMESTAMPNS, kAny,             For::kAll,       kUnix},
    {kTcpCongestion,     IPPROTO_TCP,  TCP_CONGESTION,   kIp,              For::kStreams,   kNone},
};
// clang-format on

uint8_t BitOf(int family) {
  switch (family) {
    case AF_INET:
      return kIp4;
    case AF_INET6:
      return kIp6;
    case AF_UNIX:
      return kUnix;
    case AF_NETLINK:
      return kNetlink;
    default:
      return kVsock;
  }
}

bool Fits(For kinds, ListenType type) {
  if (kinds == For::kAll) return true;
  return (kinds == For::kStreams) == (type == ListenType::kStream);
}

// The same for who may not go beyond net.core.rmem_max and wmem_max, which cap it in silence.
int SetWithinLimits(int fd, int name, int bytes) {
  const int plain = name == SO_RCVBUFFORCE ? SO_RCVBUF : SO_SNDBUF;
  if (setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes)) != 0) return errno;
  int given = 0;
  socklen_t length = sizeof(given);
  if (getsockopt(fd, SOL_SOCKET, plain, &given, &length) != 0) return errno;
  // The kernel doubles what it is given, for its own books; socket(7).
  return given / 2 < bytes ? EPERM : 0;
}

// 0, or the errno.
int Set(int fd, const Row& row, const OptionValue& value) {
  const bool text = row.option == kTcpCongestion;
  const void* const data = text ? static_cast<const void*>(value.text.data()) : &value.number;
  const size_t size = text ? value.text.size() : sizeof(value.number);
  if (setsockopt(fd, row.level, row.name, data, static_cast<socklen_t>(size)) == 0) return 0;
  const int error = errno;
  const bool buffer = row.option == kReceiveBuffer || row.option == kSendBuffer;
  return buffer && error == EPERM ? SetWithinLimits(fd, row.name, value.number) : error;
}

int IntOption(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : 0;
}

// What a socket nobody has touched has; none: it has no such option, and what was set was refused.
std::optional<OptionValue> UsualValue(int fresh, const Row& row) {
  OptionValue value{row.option, 0, ""};
  if (row.option == kTcpCongestion) {
    std::array<char, 16> name{};  // TCP_CA_NAME_MAX
    socklen_t length = name.size();
    if (getsockopt(fresh, row.level, row.name, name.data(), &length) != 0) return std::nullopt;
    value.text = std::string(name.data(), strnlen(name.data(), length));
    return value;
  }
  const bool buffer = row.option == kReceiveBuffer || row.option == kSendBuffer;
  const int name = row.option == kReceiveBuffer ? SO_RCVBUF : buffer ? SO_SNDBUF : row.name;
  socklen_t length = sizeof(value.number);
  if (getsockopt(fresh, row.level, name, &value.number, &length) != 0) return std::nullopt;
  if (buffer) value.number /= 2;  // the kernel doubles what it is given; socket(7)
  return value;
}

bool Has(const SocketOptions& options, SocketOption option) {
  return std::any_of(options.begin(), options.end(),
                     [&](const OptionValue& value) { return value.option == option; });
}

}  // namespace

std::string NotObeyed(absl::string_view key, const ListenSpec& spec, absl::string_view why) {
  return absl::StrCat("[Socket] ", key, "=: not obeyed for ", ToText(spec.address), ": ", why);
}

void SetOptions(int fd, int family, const ListenSpec& spec, Warnings& warnings) {
  for (const OptionValue& value : spec.options) {
    int error = 0;
    for (const Row& row : kRows) {
      const bool fits = row.option == value.option && (row.families & BitOf(family)) != 0 &&
                        Fits(row.kinds, spec.type);
      if (fits && error == 0) error = Set(fd, row, value);
    }
    if (error != 0) warnings.push_back(NotObeyed(NameOf(value.option), spec, ErrnoName(error)));
  }
  LabelSocket(fd, spec, warnings);
}

void ResetOptions(int fd, int family, const ListenSpec& from, const ListenSpec& to) {
  UniqueFd fresh;
  for (const Row& row : kRows) {
    const bool gone = Has(from.options, row.option) && !Has(to.options, row.option);
    if (!gone || (row.families & BitOf(family)) == 0 || !Fits(row.kinds, from.type)) continue;
    if (!fresh) {
      const int type = IntOption(fd, SO_TYPE) | SOCK_CLOEXEC;
      fresh.reset(socket(family, type, IntOption(fd, SO_PROTOCOL)));
    }
    const std::optional<OptionValue> usual = UsualValue(fresh.get(), row);
    if (usual) Set(fd, row, *usual);
  }
}

void SetPipeSize(int fd, const ListenSpec& spec, Warnings& warnings) {
  for (const OptionValue& value : spec.options) {
    if (value.option != kPipeSize || fcntl(fd, F_SETPIPE_SZ, value.number) >= 0) continue;
    warnings.push_back(NotObeyed(NameOf(value.option), spec, ErrnoName(errno)));
  }
}

void HandOnOptions(int fd, int family, const SocketOptions& options) {
  for (const OptionValue& value : options) {
    for (const Row& row : kRows) {
      // What fails here failed at the listener too, and was said there.
      if (row.option == value.option && (row.lost & BitOf(family)) != 0) Set(fd, row, value);
    }
  }
  LabelConnection(fd, options);
}

}  // namespace socketd
