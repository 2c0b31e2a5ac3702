#include "server/kernel/linux_queued.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_diagnosis.h"

namespace socketd {
namespace {

// Adds the inodes of the clients in `message`; those that left have none.
void AddClients(const nlmsghdr& message, std::vector<uint64_t>& items) {
  auto left = static_cast<int>(NLMSG_PAYLOAD(&message, sizeof(unix_diag_msg)));
  const auto* at = reinterpret_cast<const rtattr*>(static_cast<const char*>(NLMSG_DATA(&message)) +
                                                   NLMSG_ALIGN(sizeof(unix_diag_msg)));
  for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
    if (at->rta_type != UNIX_DIAG_ICONS || RTA_PAYLOAD(at) == 0) continue;
    std::vector<uint32_t> inodes(RTA_PAYLOAD(at) / sizeof(uint32_t));
    std::memcpy(inodes.data(), RTA_DATA(at), inodes.size() * sizeof(uint32_t));
    std::copy_if(inodes.begin(), inodes.end(), std::back_inserter(items),
                 [](uint32_t inode) { return inode != 0; });
  }
}

std::vector<uint64_t> UnixQueue(int fd) {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_ino = static_cast<uint32_t>(InodeOf(fd));
  request.udiag_cookie[0] = request.udiag_cookie[1] = INET_DIAG_NOCOOKIE;
  request.udiag_show = UDIAG_SHOW_ICONS;
  std::vector<uint64_t> items;
  AskDiagnosis(request, 0, [&items](const nlmsghdr& message) { AddClients(message, items); });
  return items;
}

// The address and port of `fd` as sock_diag(7) writes them; false: it has none.
bool BoundTo(int fd, inet_diag_sockid& id) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    id.idiag_sport = v4.sin_port;
    std::memcpy(id.idiag_src, &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    id.idiag_sport = v6.sin6_port;
    std::memcpy(id.idiag_src, &v6.sin6_addr, sizeof v6.sin6_addr);
  }
  return true;
}

// The cookies of connections that nobody has accepted: they have no inode.
std::vector<uint64_t> TcpQueue(int fd, int family) {
  inet_diag_req_v2 request{};
  inet_diag_sockid bound{};
  std::vector<uint64_t> items;
  if (!BoundTo(fd, bound)) return items;
  request.sdiag_family = static_cast<uint8_t>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = 1U << TCP_ESTABLISHED | 1U << TCP_CLOSE_WAIT;
  request.id.idiag_sport = bound.idiag_sport;
  const inet_diag_sockid any{};
  const bool everywhere = std::memcmp(bound.idiag_src, any.idiag_src, sizeof any.idiag_src) == 0;
  AskDiagnosis(request, NLM_F_DUMP, [&](const nlmsghdr& message) {
    inet_diag_msg found{};
    if (message.nlmsg_len < NLMSG_LENGTH(sizeof found)) return;
    std::memcpy(&found, NLMSG_DATA(&message), sizeof found);
    const bool here =
        everywhere || std::memcmp(found.id.idiag_src, bound.idiag_src, sizeof bound.idiag_src) == 0;
    if (found.idiag_inode != 0 || found.id.idiag_sport != bound.idiag_sport || !here) return;
    items.push_back(uint64_t{found.id.idiag_cookie[1]} << 32 | found.id.idiag_cookie[0]);
  });
  return items;
}

int OptionOf(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// The first packet's time of arrival, to the nanosecond. The kernel notes it when it is first asked
// for, and keeps it with the packet.
std::vector<uint64_t> FirstPacket(int fd) {
  const bool unset = OptionOf(fd, SO_TIMESTAMP) == 0 && OptionOf(fd, SO_TIMESTAMPNS) == 0;
  constexpr int kOn = 1;
  constexpr int kOff = 0;
  if (unset) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &kOn, sizeof kOn);
  alignas(cmsghdr) std::array<char, 1024> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  if (unset) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &kOff, sizeof kOff);
  if (length < 0) return {};
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    const bool time = at->cmsg_type == SCM_TIMESTAMP || at->cmsg_type == SCM_TIMESTAMPNS;
    if (at->cmsg_level != SOL_SOCKET || !time) continue;
    const auto* data = reinterpret_cast<const char*>(CMSG_DATA(at));
    return {absl::HashOf(absl::string_view(data, at->cmsg_len - CMSG_LEN(0)), length)};
  }
  return {};
}

}  // namespace

std::vector<uint64_t> LookAtQueue(int fd, const ListenSpec& spec) {
  std::vector<uint64_t> items;
  const int family = OptionOf(fd, SO_DOMAIN);
  const bool internet = family == AF_INET || family == AF_INET6;
  if (spec.type == ListenType::kDatagram) {
    items = FirstPacket(fd);
  } else if (Accepts(spec.type) && family == AF_UNIX) {
    items = UnixQueue(fd);
  } else if (Accepts(spec.type) && internet && OptionOf(fd, SO_PROTOCOL) == IPPROTO_TCP) {
    items = TcpQueue(fd, family);
  }
  std::sort(items.begin(), items.end());
  return items;
}

}  // namespace socketd
