#include "server/main/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

absl::StatusOr<LockFile> LockFile::Take(const std::string& path) {
  // Whoever can open it can lock it: nobody but the daemon's user.
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return SystemError(errno, "open", {{"path", path}});
  std::FILE* opened = fdopen(file, "r+");
  if (opened == nullptr) {
    close(file);
    return SystemError(ENOMEM, "open", {{"path", path}});
  }
  LockFile lock(opened);
  struct stat status{};
  if (fstat(fileno(opened), &status) != 0 || status.st_uid != geteuid())
    return SystemError(EPERM, "open", {{"path", path}});
  if (fchmod(fileno(opened), 0600) != 0) return SystemError(errno, "chmod", {{"path", path}});
  if (flock(fileno(opened), LOCK_EX | LOCK_NB) == 0) {
    const bool written = ftruncate(fileno(opened), 0) == 0 &&
                         std::fprintf(opened, "%d\n", getpid()) > 0 && std::fflush(opened) == 0;
    if (!written) return SystemError(errno, "write", {{"path", path}});
    return lock;
  }
  if (errno != EWOULDBLOCK) return SystemError(errno, "flock", {{"path", path}});
  std::array<char, 32> text{};
  const bool at_start = std::fseek(opened, 0, SEEK_SET) == 0;
  const size_t size = at_start ? std::fread(text.data(), 1, text.size() - 1, opened) : 0;
  const std::string pid(absl::StripAsciiWhitespace(absl::string_view(text.data(), size)));
  return Error(
      absl::StatusCode::kFailedPrecondition, "ALREADY_RUNNING",
      absl::StrCat("another socketd (process ", pid, ") uses this run-time folder: ", path),
      {{"path", path}, {"pid", pid}});
}

absl::StatusOr<LockFile> LockFile::Adopt(int number) {
  std::FILE* const opened = fdopen(number, "r+");
  if (opened != nullptr) return LockFile(opened);
  return Error(absl::StatusCode::kFailedPrecondition, "LOCK_LOST",
               absl::StrCat("descriptor ", number, " was the lock, and is not open"));
}

}  // namespace socketd
