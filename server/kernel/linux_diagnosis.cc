#include "server/kernel/linux_diagnosis.h"

#include <linux/unix_diag.h>

#include <cstring>

namespace socketd {
namespace {

uint64_t NodeIn(const nlmsghdr& message) {
  auto left = static_cast<int>(NLMSG_PAYLOAD(&message, sizeof(unix_diag_msg)));
  const auto* at = reinterpret_cast<const rtattr*>(static_cast<const char*>(NLMSG_DATA(&message)) +
                                                   NLMSG_ALIGN(sizeof(unix_diag_msg)));
  for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
    unix_diag_vfs node{};
    if (at->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(at) < sizeof node) continue;
    std::memcpy(&node, RTA_DATA(at), sizeof node);
    return node.udiag_vfs_ino;
  }
  return 0;
}

}  // namespace

absl::flat_hash_map<uint64_t, uint64_t> BoundNodes() {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_show = UDIAG_SHOW_VFS;
  absl::flat_hash_map<uint64_t, uint64_t> nodes;
  AskDiagnosis(request, NLM_F_DUMP, [&nodes](const nlmsghdr& message) {
    unix_diag_msg found{};
    if (message.nlmsg_len < NLMSG_LENGTH(sizeof found)) return;
    std::memcpy(&found, NLMSG_DATA(&message), sizeof found);
    const uint64_t node = NodeIn(message);
    if (node != 0) nodes[found.udiag_ino] = node;
  });
  return nodes;
}

}  // namespace socketd
