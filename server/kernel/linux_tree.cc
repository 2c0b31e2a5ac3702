#include "server/kernel/linux_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

// A helping: at most 170 names, which is well below a millisecond in memory.
constexpr size_t kNamesBytes = 4096;
// Whoever owns the tree may go on filling it; ten million names later we have done our part.
constexpr size_t kHelpingsMost = size_t{1} << 16;
// What cannot be removed is looked at in each round; this many in one folder are enough.
constexpr size_t kStuckMost = 64;

absl::Status Failed(absl::string_view call, const NodePlace& place, int error) {
  return SystemError(error, call, {{"path", place.path}});
}

// A folder in `above`, not through a link and not on another mount.
UniqueFd OpenFolder(int above, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, above, name.c_str(), &how, sizeof how)));
}

bool IsDots(const char* name) {
  return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

}  // namespace

Trees::~Trees() {
  while (!empty())
    Work();
}

absl::Status Trees::Remove(const std::string& path) {
  absl::StatusOr<NodePlace> place = FindPlace(path);
  if (!place.ok()) return place.status();
  const int above = place->folder.get();
  if (unlinkat(above, place->name.c_str(), AT_REMOVEDIR) == 0) return absl::OkStatus();
  if (errno == ENOTDIR) {
    if (unlinkat(above, place->name.c_str(), 0) == 0) return absl::OkStatus();
    return Failed("unlink", *place, errno);
  }
  if (errno != ENOTEMPTY && errno != EEXIST) return Failed("rmdir", *place, errno);
  Tree tree;
  int moved = 0;
  do {
    tree.top.name = absl::StrCat(".socketd-gone-", getpid(), "-", ++made_);
    moved = renameat2(above, place->name.c_str(), above, tree.top.name.c_str(), RENAME_NOREPLACE);
  } while (moved != 0 && errno == EEXIST);  // of an earlier daemon with our number
  if (moved != 0) return Failed("rename", *place, errno);
  tree.place = *std::move(place);
  tree.place.folder = Raised(std::move(tree.place.folder));
  trees_.push_back(std::move(tree));
  return absl::OkStatus();
}

void Trees::Work() {
  Tree& tree = trees_.front();
  if (!tree.top.fd) tree.top.fd = OpenFolder(tree.place.folder.get(), tree.top.name);
  bool over = !tree.top.fd || ++tree.helpings > kHelpingsMost;
  if (over) {
    Left(tree, tree.top.fd ? ETIMEDOUT : errno);
  } else if (tree.inner.fd) {
    if (!Read(tree, tree.inner)) EndInner(tree);
  } else {
    over = !Read(tree, tree.top) && EndTop(tree);
  }
  if (over) trees_.pop_front();
}

// Takes what the next few names stand for. False: the folder has no more.
bool Trees::Read(Tree& tree, Folder& folder) {
  alignas(dirent64) std::array<char, kNamesBytes> names{};
  const ssize_t size = getdents64(folder.fd.get(), names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    const auto* entry = reinterpret_cast<const dirent64*>(names.data() + at);
    at += entry->d_reclen;
    if (IsDots(entry->d_name)) continue;
    if (Take(tree, folder, entry->d_name)) folder.progress = true;
    if (&folder == &tree.top && tree.inner.fd) return true;  // that one first
  }
  return size > 0;
}

// True: the name is gone. Nothing is asked about it before: to look at a mount could take for ever.
bool Trees::Take(Tree& tree, Folder& folder, const char* name) {
  if (unlinkat(folder.fd.get(), name, 0) == 0) return true;
  return errno == EISDIR && TakeFolder(tree, folder, name);
}

// A folder that is not empty is opened if it is in the top one, else moved there: so no depth needs
// more descriptors, or memory.
bool Trees::TakeFolder(Tree& tree, Folder& folder, const char* name) {
  if (unlinkat(folder.fd.get(), name, AT_REMOVEDIR) == 0) return true;
  if (errno != ENOTEMPTY && errno != EEXIST) return false;
  if (&folder == &tree.inner) {
    const std::string fresh = absl::StrCat(".socketd-", ++tree.moved);
    return renameat2(folder.fd.get(), name, tree.top.fd.get(), fresh.c_str(), RENAME_NOREPLACE) ==
           0;
  }
  if (tree.stuck.count(name) > 0) return false;
  tree.inner = Folder{OpenFolder(tree.top.fd.get(), name), name, false};
  if (!tree.inner.fd) tree.stuck.insert(name);
  return false;
}

void Trees::EndInner(Tree& tree) {
  const bool gone = unlinkat(tree.top.fd.get(), tree.inner.name.c_str(), AT_REMOVEDIR) == 0;
  if (!gone && std::exchange(tree.inner.progress, false)) {
    lseek(tree.inner.fd.get(), 0, SEEK_SET);
    return;
  }
  if (!gone) tree.stuck.insert(tree.inner.name);
  tree.inner = Folder();
  tree.top.progress = false;
  lseek(tree.top.fd.get(), 0, SEEK_SET);
}

// True: there is nothing more to do about the tree.
bool Trees::EndTop(Tree& tree) {
  if (unlinkat(tree.place.folder.get(), tree.top.name.c_str(), AT_REMOVEDIR) == 0) return true;
  const int error = errno;
  if (std::exchange(tree.top.progress, false) && tree.stuck.size() < kStuckMost) {
    lseek(tree.top.fd.get(), 0, SEEK_SET);
    return false;
  }
  Left(tree, error);
  return true;
}

// Nobody waits for it any more: an operator has to know.
void Trees::Left(const Tree& tree, int error) {
  const std::string& path = tree.place.path;
  const std::string now = absl::StrCat(path.substr(0, path.rfind('/') + 1), tree.top.name);
  Log(Level::kWarning, "tree.left", {{"path", path}, {"now", now}, {"errno", ErrnoName(error)}});
}

}  // namespace socketd
