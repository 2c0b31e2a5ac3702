#include "server/main/lock_file.h"

#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

absl::StatusOr<LockFile> LockFile::Take(const std::string& path) {
  std::FILE* opened = std::fopen(path.c_str(), "a+e");
  if (opened == nullptr) return SystemError(errno, "open", {{"path", path}});
  LockFile lock(opened);
  if (flock(fileno(opened), LOCK_EX | LOCK_NB) == 0) {
    const bool written = ftruncate(fileno(opened), 0) == 0 &&
                         std::fprintf(opened, "%d\n", getpid()) > 0 && std::fflush(opened) == 0;
    if (!written) return SystemError(errno, "write", {{"path", path}});
    return lock;
  }
  if (errno != EWOULDBLOCK) return SystemError(errno, "flock", {{"path", path}});
  std::array<char, 32> text{};
  std::rewind(opened);
  const size_t size = std::fread(text.data(), 1, text.size() - 1, opened);
  const std::string pid(absl::StripAsciiWhitespace(absl::string_view(text.data(), size)));
  return Error(
      absl::StatusCode::kFailedPrecondition, "ALREADY_RUNNING",
      absl::StrCat("another socketd (process ", pid, ") uses this run-time folder: ", path),
      {{"path", path}, {"pid", pid}});
}

}  // namespace socketd
