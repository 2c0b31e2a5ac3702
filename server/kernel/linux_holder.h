// Who has an address that could not be bound: looked for in /proc, with bounds, and only after the
// failure.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/kernel/types.h"

namespace socketd {

struct Holder {
  int pid = 0;       // 0: not to be seen from here
  std::string name;  // the program's, proc(5) comm
};

// "nginx, process 4711"; empty for an unknown one.
std::string ToText(const Holder& holder);

Holder FindHolder(ListenType type, const SocketAddress& address);

// EADDRINUSE (PORT_IN_USE) with the facts about whoever has the address.
absl::Status AddressInUse(ListenType type, const SocketAddress& address);

}  // namespace socketd
