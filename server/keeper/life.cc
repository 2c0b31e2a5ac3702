#include "server/keeper/life.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <optional>

namespace socketd {
namespace {

constexpr auto kPidFsMagic = 0x50494446;  // PID_FS_MAGIC, not in Debian 12's headers

// The words of proc(5), stat, after the program's name, which may hold anything.
uint64_t StartOf(const char* text) {
  const char* at = strrchr(text, ')');
  constexpr int kWords = 20;  // from the state, field 3, to field 22
  for (int i = 0; at != nullptr && i < kWords; ++i)
    at = strchr(at + 1, ' ');
  return at != nullptr ? strtoull(at + 1, nullptr, 10) : 0;
}

uint64_t StartTimeOf(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[1024];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  return StartOf(text);
}

}  // namespace

uint64_t BornOf(pid_t pid, int pidfd) {
  // What is so for one pidfd is so for all of this machine.
  static std::optional<bool> own;
  struct statfs system{};
  struct stat status{};
  if (!own.has_value() && fstatfs(pidfd, &system) == 0) own = system.f_type == kPidFsMagic;
  if (!own.value_or(false)) return StartTimeOf(pid);
  return fstat(pidfd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace socketd
