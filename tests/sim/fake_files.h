// The file system of the fake world: regular files, directories, symlinks and other nodes (sockets,
// FIFOs) in memory. Parents of what a test puts there are made by themselves.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/kernel/types.h"

namespace socketd::sim {

class FakeFiles {
 public:
  enum class NodeKind : uint8_t { kFile, kDirectory, kSymlink, kSocket, kFifo, kDevice };
  struct Node {
    NodeKind kind = NodeKind::kFile;
    std::string text;  // of a file; of a symlink, its target
    uint64_t inode = 0;
    uint32_t mode = 0644;
    Owner owner;
  };

  FakeFiles();

  // For tests: puts a node there, whatever was there before.
  void Put(const std::string& path, std::string text);
  void PutDirectory(const std::string& path);
  void PutSymlink(const std::string& path, std::string target);
  uint64_t PutNode(const std::string& path, NodeKind kind, uint32_t mode);
  // Of the node with that inode; of another one not.
  void SetMode(const std::string& path, uint64_t node, uint32_t mode);
  void Erase(const std::string& path) { nodes_.erase(path); }
  // Null if there is none. Does not follow symlinks.
  const Node* Find(const std::string& path) const;

  // As the promise says (server/kernel/kernel.h).
  absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) const;
  absl::StatusOr<FileStamp> StampOf(const std::string& path) const;
  absl::StatusOr<PathFacts> Inspect(const std::string& path) const;
  absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) const;
  absl::Status WriteFile(const std::string& path, absl::string_view text);
  absl::Status MakeSymlink(const std::string& target, const std::string& path);
  absl::Status Remove(const std::string& path, uint64_t node);
  absl::Status RemoveTree(const std::string& path);

 private:
  Node& Place(const std::string& path, NodeKind kind);
  // The node that `path` leads to, through at most eight symlinks in its last part.
  const Node* Follow(const std::string& path) const;

  std::map<std::string, Node> nodes_;
  uint64_t next_inode_ = 1000;
};

// "/a/b" of "/a/b/c"; "/" of "/a".
std::string ParentOf(const std::string& path);

}  // namespace socketd::sim
