// What is listened on and is no socket: special files and message queues; and how a port of any
// kind is emptied.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/kernel/linux_listen.h"
#include "server/kernel/types.h"

namespace socketd {

// Reasons: NOT_A_SOCKET, CANNOT_WAIT, PERMISSION_DENIED, SYSTEM_ERROR.
absl::StatusOr<OpenPort> OpenSpecial(const ListenSpec& spec);
// Opened for reading, made if there is none; owner and mode are what was asked for.
absl::StatusOr<OpenPort> OpenQueue(const ListenSpec& spec);
// Removes a queue if it is still the one with this inode.
absl::Status RemoveQueueIf(const std::string& name, uint64_t node);

// Drops what is queued, at most 1024 connections, packets or messages.
size_t FlushPort(int fd, const ListenSpec& spec);

}  // namespace socketd
