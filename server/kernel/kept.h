// What strangers have sent to stay open (Kernel::Keep): how it is found again, and what it is.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace socketd {

// Comparable, so that the next daemon finds it again, whatever it is. kNone: unknown.
enum class KeptId : uint64_t { kNone = 0 };

enum class FileKind : uint8_t {
  kOther,
  kFile,
  kFolder,
  kDevice,
  kSocket,
  kPipe,
  kMemory,   // memfd_create(2)
  kEvent,    // eventfd(2)
  kTimer,    // timerfd_create(2)
  kSignals,  // signalfd(2)
  kChanges,  // inotify(7)
  kPoll,     // epoll(7)
  kProcess,  // pidfd_open(2)
};

constexpr absl::string_view NameOf(FileKind kind) {
  switch (kind) {
    case FileKind::kFile:
      return "file";
    case FileKind::kFolder:
      return "directory";
    case FileKind::kDevice:
      return "device";
    case FileKind::kSocket:
      return "socket";
    case FileKind::kPipe:
      return "pipe";
    case FileKind::kMemory:
      return "memfd";
    case FileKind::kEvent:
      return "eventfd";
    case FileKind::kTimer:
      return "timerfd";
    case FileKind::kSignals:
      return "signalfd";
    case FileKind::kChanges:
      return "inotify";
    case FileKind::kPoll:
      return "epoll";
    case FileKind::kProcess:
      return "pidfd";
    case FileKind::kOther:
      break;
  }
  return "other";
}

struct Kept {
  KeptId id = KeptId::kNone;
  FileKind kind = FileKind::kOther;
};

}  // namespace socketd
