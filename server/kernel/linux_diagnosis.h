// What the kernel tells of sockets, ours and others': sock_diag(7).
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "server/kernel/linux_abi.h"

namespace socketd {

// Sends a request of sock_diag(7) and gives each message of the answer to `each`. The answer is
// made while it is read: nothing is waited for.
template <typename Request, typename Each>
void AskDiagnosis(const Request& request, uint16_t flags, Each each) {
  const UniqueFd netlink(
      socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header;
    Request body;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  message.body = request;
  if (!netlink || send(netlink.get(), &message, sizeof message, 0) < 0) return;
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t length = recv(netlink.get(), buffer.data(), buffer.size(), 0);
    if (length <= 0) return;
    auto left = static_cast<uint32_t>(length);
    const auto* at = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY) return;  // the end, or an error
      each(*at);
    }
  }
}

// The inode of the node that each bound unix socket has in a file system, by the inode of the
// socket. Empty where the kernel does not tell.
absl::flat_hash_map<uint64_t, uint64_t> BoundNodes();

}  // namespace socketd
