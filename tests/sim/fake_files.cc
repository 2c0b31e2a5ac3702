#include "tests/sim/fake_files.h"

#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd::sim {
namespace {

constexpr int kMaxSymlinks = 8;

DirectoryEntry::Kind EntryKind(FakeFiles::NodeKind kind) {
  switch (kind) {
    case FakeFiles::NodeKind::kFile:
      return DirectoryEntry::Kind::kFile;
    case FakeFiles::NodeKind::kDirectory:
      return DirectoryEntry::Kind::kDirectory;
    case FakeFiles::NodeKind::kSymlink:
      return DirectoryEntry::Kind::kSymlink;
    default:
      return DirectoryEntry::Kind::kOther;
  }
}

PathFacts::Kind FactKind(FakeFiles::NodeKind kind) {
  switch (kind) {
    case FakeFiles::NodeKind::kFile:
      return PathFacts::Kind::kFile;
    case FakeFiles::NodeKind::kDirectory:
      return PathFacts::Kind::kDirectory;
    case FakeFiles::NodeKind::kSocket:
      return PathFacts::Kind::kSocket;
    default:
      return PathFacts::Kind::kOther;
  }
}

}  // namespace

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

FakeFiles::FakeFiles() {
  PutDirectory("/");
}

FakeFiles::Node& FakeFiles::Place(const std::string& path, NodeKind kind) {
  const std::string parent = ParentOf(path);
  if (path != "/" && nodes_.count(parent) == 0) Place(parent, NodeKind::kDirectory).mode = 0755;
  Node& node = nodes_[path];
  node = Node{};
  node.kind = kind;
  node.inode = next_inode_++;
  return node;
}

void FakeFiles::Put(const std::string& path, std::string text) {
  Place(path, NodeKind::kFile).text = std::move(text);
}

void FakeFiles::PutDirectory(const std::string& path) {
  if (nodes_.count(path) == 0) Place(path, NodeKind::kDirectory).mode = 0755;
}

void FakeFiles::PutSymlink(const std::string& path, std::string target) {
  Place(path, NodeKind::kSymlink).text = std::move(target);
}

uint64_t FakeFiles::PutNode(const std::string& path, NodeKind kind, uint32_t mode) {
  Node& node = Place(path, kind);
  node.mode = mode;
  return node.inode;
}

void FakeFiles::SetMode(const std::string& path, uint64_t node, uint32_t mode) {
  const auto found = nodes_.find(path);
  if (found != nodes_.end() && found->second.inode == node) found->second.mode = mode;
}

const FakeFiles::Node* FakeFiles::Find(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

const FakeFiles::Node* FakeFiles::Follow(const std::string& path) const {
  std::string at = path;
  for (int i = 0; i < kMaxSymlinks; ++i) {
    const Node* node = Find(at);
    if (node == nullptr || node->kind != NodeKind::kSymlink) return node;
    at = absl::StartsWith(node->text, "/") ? node->text
                                           : absl::StrCat(ParentOf(at), "/", node->text);
  }
  return nullptr;
}

absl::StatusOr<std::string> FakeFiles::ReadFile(const std::string& path, size_t limit) const {
  const Node* node = Follow(path);
  if (node == nullptr) return SystemError(ENOENT, "open", {{"path", path}});
  if (node->kind != NodeKind::kFile) {
    return Error(absl::StatusCode::kFailedPrecondition, "NOT_A_FILE", "no regular file",
                 {{"path", path}});
  }
  if (node->text.size() > limit) {
    return Error(absl::StatusCode::kOutOfRange, "FILE_TOO_LARGE", "the file is too large",
                 {{"path", path}});
  }
  return node->text;
}

// Every writing makes a new node here.
absl::StatusOr<FileStamp> FakeFiles::StampOf(const std::string& path) const {
  const Node* node = Follow(path);
  if (node == nullptr) return SystemError(ENOENT, "stat", {{"path", path}});
  return FileStamp{1, node->inode, node->text.size(), absl::UnixEpoch()};
}

// There is one file system, and nothing is mounted in it.
absl::StatusOr<PathFacts> FakeFiles::Inspect(const std::string& path) const {
  const Node* own = Find(path);
  if (own == nullptr) return SystemError(ENOENT, "statx", {{"path", path}});
  PathFacts facts;
  facts.symlink = own->kind == NodeKind::kSymlink;
  const Node* node = Follow(path);
  if (node == nullptr) return facts;
  facts.kind = FactKind(node->kind);
  if (node->kind == NodeKind::kFile) facts.empty = node->text.empty();
  if (node->kind == NodeKind::kDirectory) {
    const auto entries = ListDirectory(path);
    facts.empty = entries.ok() && entries->empty();
  }
  facts.executable = node->kind == NodeKind::kFile && (node->mode & 0111) != 0;
  facts.mount_point = path == "/";
  facts.modified = absl::UnixEpoch();
  return facts;
}

absl::StatusOr<std::vector<DirectoryEntry>> FakeFiles::ListDirectory(
    const std::string& path) const {
  const Node* directory = Follow(path);
  if (directory == nullptr) return SystemError(ENOENT, "open", {{"path", path}});
  if (directory->kind != NodeKind::kDirectory) {
    return SystemError(ENOTDIR, "open", {{"path", path}});
  }
  std::vector<DirectoryEntry> entries;
  const std::string prefix = path == "/" ? path : path + "/";
  for (auto at = nodes_.upper_bound(prefix);
       at != nodes_.end() && absl::StartsWith(at->first, prefix); ++at) {
    const std::string name = at->first.substr(prefix.size());
    if (name.find('/') != std::string::npos) continue;
    entries.push_back({name, EntryKind(at->second.kind),
                       at->second.kind == NodeKind::kSymlink ? at->second.text : ""});
  }
  return entries;
}

absl::Status FakeFiles::WriteFile(const std::string& path, absl::string_view text) {
  const Node* parent = Follow(ParentOf(path));
  if (parent == nullptr) return SystemError(ENOENT, "open", {{"path", path}});
  const Node* before = Find(path);
  if (before != nullptr && before->kind == NodeKind::kDirectory) {
    return SystemError(EISDIR, "rename", {{"path", path}});
  }
  Put(path, std::string(text));
  return absl::OkStatus();
}

absl::Status FakeFiles::MakeSymlink(const std::string& target, const std::string& path) {
  if (Follow(ParentOf(path)) == nullptr) return SystemError(ENOENT, "symlink", {{"path", path}});
  if (const Node* node = Find(path); node != nullptr) {
    if (node->kind == NodeKind::kSymlink && node->text == target) return absl::OkStatus();
    return SystemError(EEXIST, "symlink", {{"path", path}});
  }
  PutSymlink(path, target);
  return absl::OkStatus();
}

absl::Status FakeFiles::Remove(const std::string& path, uint64_t node) {
  const Node* found = Find(path);
  if (found == nullptr) return SystemError(ENOENT, "unlink", {{"path", path}});
  if (found->kind == NodeKind::kDirectory) return SystemError(EISDIR, "unlink", {{"path", path}});
  if (node != 0 && found->inode != node) {
    return Error(absl::StatusCode::kFailedPrecondition, "NODE_CHANGED",
                 "the node was replaced by somebody", {{"path", path}});
  }
  Erase(path);
  return absl::OkStatus();
}

absl::Status FakeFiles::RemoveTree(const std::string& path) {
  if (Find(path) == nullptr) return SystemError(ENOENT, "rmdir", {{"path", path}});
  const std::string below = absl::StrCat(path, "/");
  for (auto at = nodes_.find(path); at != nodes_.end();) {
    const bool goes = at->first == path || absl::StartsWith(at->first, below);
    if (!goes && at->first > below) break;
    at = goes ? nodes_.erase(at) : std::next(at);
  }
  return absl::OkStatus();
}

}  // namespace socketd::sim
