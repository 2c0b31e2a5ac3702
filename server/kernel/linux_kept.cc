// The verbs of LinuxKernel about what strangers have sent to stay open.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_kernel.h"
#include "server/kernel/linux_kind.h"

namespace socketd {
namespace {

constexpr int kDupfdQuery = 1024 + 3;  // F_DUPFD_QUERY, Linux 6.10

// Where kcmp(2) is refused, as in containers that may not trace: what has an inode of its own is
// the same as what has the same one and was opened in the same way.
std::tuple<uint64_t, uint64_t, int> IdentityOf(int fd) {
  struct statx status{};
  const int what = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const bool known = statx(fd, "", what, STATX_TYPE | STATX_INO, &status) == 0;
  if (!known || (status.stx_mode & S_IFMT) == 0) return {~uint64_t{0}, fd, 0};
  const uint64_t device = (uint64_t{status.stx_dev_major} << 32) | status.stx_dev_minor;
  return {device, status.stx_ino, fcntl(fd, F_GETFL)};
}

}  // namespace

// Stores may hold a quarter of all numbers, and leave to ports and clients what ports leave.
absl::Status LinuxKernel::CheckRoomToKeep() const {
  const uint64_t most = machine_.most_files / 4;
  const uint64_t left = std::max<uint64_t>(machine_.most_files / 10, 64);
  const auto open = static_cast<uint64_t>(sockets_.size());
  if (kept_ < most && open + left < machine_.most_files) return absl::OkStatus();
  return SystemError(
      EMFILE, "recvmsg",
      {{"kept", absl::StrCat(kept_)},
       {"open", absl::StrCat(open)},
       {"limit", absl::StrCat("RLIMIT_NOFILE is ", machine_.most_files, " and ", most,
                              " of it are for descriptor stores: raise "
                              "LimitNOFILE= of socketd.service")}});
}

absl::StatusOr<Kept> LinuxKernel::Keep(const Fd& fd) {
  OpenSocket& known = sockets_[fd.number()];
  if (!known.kept) {
    if (absl::Status room = CheckRoomToKeep(); !room.ok()) return room;
    known.kept = true;
    ++kept_;
  }
  const KeptId id = estate_->KeptIdOf(fd.number());
  deposit_.Add(fd.number(), static_cast<uint64_t>(id));
  return Kept{id, KindOf(fd.number())};
}

int LinuxKernel::Compare(const Fd& left, const Fd& right) {
  // 1: less; 2: greater (kcmp(2)).
  const auto order =
      syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, left.number(), right.number());
  if (order >= 0 && order <= 2) return order == 1 ? -1 : order == 2 ? 1 : 0;
  const int asked = fcntl(left.number(), kDupfdQuery, right.number());
  if (asked == 1) return 0;
  const auto one = IdentityOf(left.number());
  const auto other = IdentityOf(right.number());
  if (one != other) return one < other ? -1 : 1;
  return asked == 0 ? left.number() - right.number() : 0;
}

}  // namespace socketd
