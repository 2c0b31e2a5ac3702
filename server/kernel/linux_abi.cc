#include "server/kernel/linux_abi.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

namespace socketd {
namespace {

constexpr int kSysFchmodat2 = 452;  // Linux 6.6

}  // namespace

void UniqueFd::reset(int number) {
  if (number_ >= 0) close(number_);
  number_ = number;
}

int PidfdOpen(int pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

int PidfdSignal(int pidfd, int signal, unsigned flags) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags));
}

bool PidfdAsk(int pidfd, PidfdInfo& info) {
  const uint64_t wanted = info.mask;
  if (ioctl(pidfd, _IOWR(0xFF, 11, PidfdInfo), &info) != 0) {
    info.mask = 0;
    return false;
  }
  return (info.mask & wanted) == wanted;
}

int ChangeModeOf(int node, unsigned mode) {
  if (syscall(kSysFchmodat2, node, "", mode, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOSYS && errno != EINVAL) return -1;
  return chmod(absl::StrCat("/proc/self/fd/", node).c_str(), mode);
}

uint64_t InodeOf(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

UniqueFd Raised(UniqueFd fd) {
  if (fd.get() < 0 || fd.get() >= kHighNumber) return fd;
  UniqueFd high(fcntl(fd.get(), F_DUPFD_CLOEXEC, kHighNumber));
  return high ? std::move(high) : std::move(fd);
}

}  // namespace socketd
