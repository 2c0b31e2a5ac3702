#include "server/kernel/linux_kind.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace socketd {
namespace {

struct Row {
  absl::string_view start;  // of what /proc/self/fd says
  FileKind kind;
};

constexpr std::array<Row, 11> kRows = {{
    {"socket:[", FileKind::kSocket},
    {"pipe:[", FileKind::kPipe},
    {"/memfd:", FileKind::kMemory},
    {"anon_inode:[eventfd]", FileKind::kEvent},
    {"anon_inode:[timerfd]", FileKind::kTimer},
    {"anon_inode:[signalfd]", FileKind::kSignals},
    {"anon_inode:inotify", FileKind::kChanges},
    {"anon_inode:[eventpoll]", FileKind::kPoll},
    {"anon_inode:[pidfd]", FileKind::kProcess},
    {"pidfd:[", FileKind::kProcess},  // pidfs, Linux 6.9
    {"anon_inode:", FileKind::kOther},
}};

FileKind KindOfMode(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::kFile;
    case S_IFDIR:
      return FileKind::kFolder;
    case S_IFCHR:
    case S_IFBLK:
      return FileKind::kDevice;
    case S_IFSOCK:
      return FileKind::kSocket;
    case S_IFIFO:
      return FileKind::kPipe;
    default:
      return FileKind::kOther;
  }
}

}  // namespace

FileKind KindOf(int fd) {
  std::array<char, 64> text{};
  const ssize_t length =
      readlink(absl::StrCat("/proc/self/fd/", fd).c_str(), text.data(), text.size());
  const absl::string_view target(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
  for (const Row& row : kRows)
    if (absl::StartsWith(target, row.start)) return row.kind;
  struct statx status{};
  const int what = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (statx(fd, "", what, STATX_TYPE, &status) != 0) return FileKind::kOther;
  return KindOfMode(status.stx_mode);
}

bool HangsUp(FileKind kind) {
  // An epoll asks all that is in it, which may be anything; a file may be anybody's.
  return kind == FileKind::kSocket || kind == FileKind::kPipe || kind == FileKind::kDevice ||
         kind == FileKind::kProcess;
}

}  // namespace socketd
