#include "server/kernel/linux_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_abi.h"

namespace socketd {
namespace {

absl::Status Failed(absl::string_view call, const std::string& path, int error) {
  return SystemError(error, call, {{"path", path}});
}

absl::Status WriteAll(int file, absl::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path, errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Empty: no link.
std::string TargetOf(int folder, const char* path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlinkat(folder, path, target.data(), target.size());
  return std::string(target.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
}

DirectoryEntry EntryOf(int folder, const dirent& raw) {
  DirectoryEntry entry;
  entry.name = raw.d_name;
  struct stat status{};
  if (fstatat(folder, raw.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return entry;
  if (S_ISREG(status.st_mode)) entry.kind = DirectoryEntry::Kind::kFile;
  if (S_ISDIR(status.st_mode)) entry.kind = DirectoryEntry::Kind::kDirectory;
  if (!S_ISLNK(status.st_mode)) return entry;
  entry.kind = DirectoryEntry::Kind::kSymlink;
  entry.target = TargetOf(folder, raw.d_name);
  return entry;
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

// A folder that cannot be looked into is not known to be empty.
bool IsEmptyFolder(const std::string& path) {
  const Folder folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return false;
  for (const dirent* raw = readdir(folder.get()); raw != nullptr; raw = readdir(folder.get())) {
    const absl::string_view name = raw->d_name;
    if (name != "." && name != "..") return false;
  }
  return true;
}

// Linux 5.8 tells; older ones show it by another device, which mounts of the same one do not have.
bool IsMountPoint(const struct statx& status, const std::string& path) {
  if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  struct statx parent{};
  if (statx(AT_FDCWD, absl::StrCat(path, "/..").c_str(), AT_NO_AUTOMOUNT, STATX_INO, &parent) != 0)
    return false;
  const bool same_device =
      parent.stx_dev_major == status.stx_dev_major && parent.stx_dev_minor == status.stx_dev_minor;
  return !same_device || parent.stx_ino == status.stx_ino;
}

PathFacts::Kind KindOf(mode_t mode) {
  if (S_ISREG(mode)) return PathFacts::Kind::kFile;
  if (S_ISDIR(mode)) return PathFacts::Kind::kDirectory;
  if (S_ISSOCK(mode)) return PathFacts::Kind::kSocket;
  return PathFacts::Kind::kOther;
}

}  // namespace

absl::StatusOr<std::string> ReadRegularFile(const std::string& path, size_t limit) {
  // A FIFO or a terminal in its place must not hold the loop.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return Failed("open", path, errno);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return Failed("fstat", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Error(absl::StatusCode::kFailedPrecondition, "NOT_A_FILE",
                 absl::StrCat("not a regular file: ", path), {{"path", path}});
  }
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t length = read(file.get(), part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return Failed("read", path, errno);
    if (length == 0) return text;
    text.append(part.data(), static_cast<size_t>(length));
    if (text.size() > limit) {
      return Error(absl::StatusCode::kOutOfRange, "FILE_TOO_LARGE",
                   absl::StrCat("larger than ", limit, " bytes: ", path),
                   {{"path", path}, {"limit", absl::StrCat(limit)}});
    }
  }
}

absl::StatusOr<FileStamp> StampOfFile(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return Failed("stat", path, errno);
  return FileStamp{status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size),
                   absl::TimeFromTimespec(status.st_mtim)};
}

absl::StatusOr<PathFacts> FactsOfPath(const std::string& path) {
  constexpr unsigned kWanted = STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE | STATX_MTIME;
  PathFacts facts;
  struct statx own{};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kWanted, &own) != 0)
    return Failed("statx", path, errno);
  facts.symlink = S_ISLNK(own.stx_mode);
  struct statx status = own;
  if (facts.symlink && statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, kWanted, &status) != 0)
    return facts;
  facts.kind = KindOf(status.stx_mode);
  const bool file = facts.kind == PathFacts::Kind::kFile;
  if (file) facts.empty = status.stx_size == 0;
  if (facts.kind == PathFacts::Kind::kDirectory) facts.empty = IsEmptyFolder(path);
  facts.executable = file && (status.stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  facts.mount_point = IsMountPoint(status, path);
  facts.modified =
      absl::FromUnixSeconds(status.stx_mtime.tv_sec) + absl::Nanoseconds(status.stx_mtime.tv_nsec);
  struct statvfs system{};
  facts.read_only = statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0;
  return facts;
}

absl::StatusOr<std::vector<DirectoryEntry>> ListFolder(const std::string& path) {
  const Folder folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return Failed("opendir", path, errno);
  std::vector<DirectoryEntry> entries;
  for (const dirent* raw = readdir(folder.get()); raw != nullptr; raw = readdir(folder.get())) {
    const absl::string_view name = raw->d_name;
    if (name != "." && name != "..") entries.push_back(EntryOf(dirfd(folder.get()), *raw));
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

absl::Status ReplaceFile(const std::string& path, absl::string_view text) {
  const std::string fresh = absl::StrCat(path, ".new.", getpid());
  UniqueFd file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return Failed("open", fresh, errno);
  absl::Status done = WriteAll(file.get(), text, fresh);
  if (done.ok() && fsync(file.get()) != 0) done = Failed("fsync", fresh, errno);
  if (done.ok() && rename(fresh.c_str(), path.c_str()) != 0) done = Failed("rename", path, errno);
  if (!done.ok()) {
    unlink(fresh.c_str());
    return done;
  }
  // The name is on the disk only when its folder is.
  const std::string parent = FolderOf(path);
  const UniqueFd folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && fsync(folder.get()) != 0 && errno != EINVAL) return Failed("fsync", parent, errno);
  return absl::OkStatus();
}

absl::Status LinkTo(const std::string& target, const std::string& path) {
  if (symlink(target.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  if (error == EEXIST && TargetOf(AT_FDCWD, path.c_str()) == target) return absl::OkStatus();
  return Failed("symlink", path, error);
}

absl::Status RemoveIf(const std::string& path, uint64_t node) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return Failed("lstat", path, errno);
  if (node != 0 && status.st_ino != node) {
    return Error(absl::StatusCode::kFailedPrecondition, "NODE_CHANGED",
                 absl::StrCat("somebody else's node by now: ", path), {{"path", path}});
  }
  if (unlink(path.c_str()) == 0) return absl::OkStatus();
  return Failed("unlink", path, errno);
}

}  // namespace socketd
