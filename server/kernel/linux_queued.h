// What waits at a port, told apart without taking any of it.
#pragma once

#include <cstdint>
#include <vector>

#include "server/kernel/types.h"

namespace socketd {

// Identities of the connections in the queue of a TCP or unix listener, and that of the first
// packet at a datagram socket; sorted. Of anything else nothing is told, nor of more than some
// thousand connections to a unix socket.
std::vector<uint64_t> LookAtQueue(int fd, const ListenSpec& spec);

}  // namespace socketd
