// Users by number, as the kernel names the other end of a socket.
#pragma once

#include <cstdint>

namespace socketd {

// Nobody: unknown, or from a user namespace that we do not see into. Nothing is granted to it.
inline constexpr uint32_t kNobodyUid = 65534;

// Who may do everything: root, and the user that the daemon runs as.
constexpr bool IsOperator(uint32_t uid, uint32_t daemon_uid) {
  return uid != kNobodyUid && (uid == 0 || uid == daemon_uid);
}

}  // namespace socketd
