// The options that a socket unit sets, as the kernel floor takes them.
#pragma once

#include "server/kernel/types.h"

namespace socketd {

namespace v1 {
class SocketSpec;
}

SocketOptions OptionsOf(const v1::SocketSpec& spec);

}  // namespace socketd
