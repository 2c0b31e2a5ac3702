// Options of listeners and of what they accept, as one table. What the system refuses becomes a
// line for the unit's warnings; nothing here fails.
#pragma once

#include <string>
#include <vector>

#include "server/kernel/types.h"

namespace socketd {

using Warnings = std::vector<std::string>;

// "[Socket] KeepAlive=: not obeyed for 127.0.0.1:80: EPERM".
std::string NotObeyed(absl::string_view key, const ListenSpec& spec, absl::string_view why);

// Those of `spec` that fit a socket of this family, before it is bound.
void SetOptions(int fd, int family, const ListenSpec& spec, Warnings& warnings);

// Those of `from` that are not in `to`, to what a new socket of the kind has.
void ResetOptions(int fd, int family, const ListenSpec& from, const ListenSpec& to);

// PipeSize= of a FIFO.
void SetPipeSize(int fd, const ListenSpec& spec, Warnings& warnings);

// Those that a connection does not have from its listener.
void HandOnOptions(int fd, int family, const SocketOptions& options);

}  // namespace socketd
