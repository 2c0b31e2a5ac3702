// Nodes in the file system that one listens on: their folders, unix sockets without a moment of
// wrong mode or owner, FIFOs, and what to do when something is there already: only what is
// certainly dead is replaced, and never anything but a socket.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

// An open parent folder and the name in it.
struct NodePlace {
  UniqueFd folder;
  std::string name;
  std::string path;  // as it was asked for
};

// Makes parent folders that are missing, with `mode`.
absl::StatusOr<NodePlace> PlaceOf(const std::string& path, uint32_t mode);
// Makes nothing. NOT_FOUND: a parent folder is missing.
absl::StatusOr<NodePlace> FindPlace(const std::string& path);

// Binds `socket` there, race-free (kernel.md 4.2), replacing a dead socket's node (4.3). Returns
// the node's inode. Reasons: PORT_IN_USE, NOT_A_SOCKET, PERMISSION_DENIED, SYSTEM_ERROR.
absl::StatusOr<uint64_t> BindNode(int socket, const NodePlace& place, const ListenSpec& spec);

struct Fifo {
  UniqueFd fd;
  uint64_t node = 0;
};
// Opens a FIFO for reading, made if it is missing. Reasons as above.
absl::StatusOr<Fifo> OpenFifo(const NodePlace& place, const ListenSpec& spec);

// What is open gets the owner and the mode that `spec` asks for; owner before mode: chown(2) clears
// the set-id bits. `path` is for the error: PERMISSION_DENIED, SYSTEM_ERROR.
constexpr uint32_t kPermissions = 07777;
absl::Status GiveOwner(int node, const ListenSpec& spec, const std::string& path);
absl::Status GiveMode(int node, const ListenSpec& spec, const std::string& path);

// Gives the node its owner and mode, if it is still the one with this inode. Reasons as above, and
// NODE_CHANGED.
absl::Status ChangeNode(const NodePlace& place, uint64_t node, const ListenSpec& spec);

// Removes the node if it is still the one with this inode.
void RemoveNode(const NodePlace& place, uint64_t node);

}  // namespace socketd
