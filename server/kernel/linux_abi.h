// What newer kernels offer and Debian 12's headers (6.1) do not name yet, and the few calls that
// have no wrapper. Whether the running kernel has them is found by trying (linux_probe.cc).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>

namespace socketd {

constexpr int kSoPassPidfd = 76;                 // SO_PASSPIDFD, Linux 6.5
constexpr int kSoPassRights = 83;                // SO_PASSRIGHTS, Linux 6.16
constexpr int kIpv6FreeBind = 78;                // IPV6_FREEBIND, not in glibc's header
constexpr int kScmPidfd = 4;                     // SCM_PIDFD, Linux 6.5
constexpr unsigned kPidfdSignalGroup = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9

// PIDFD_GET_INFO, Linux 6.13; what came is said by `mask`.
struct PidfdInfo {
  static constexpr uint64_t kPid = 1;
  static constexpr uint64_t kCreds = 2;
  static constexpr uint64_t kCgroup = 4;
  static constexpr uint64_t kExit = 8;  // Linux 6.15
  uint64_t mask = 0;
  uint64_t cgroup_id = 0;
  uint32_t pid = 0;
  uint32_t tgid = 0;
  uint32_t ppid = 0;
  uint32_t ruid = 0;
  uint32_t rgid = 0;
  uint32_t euid = 0;
  uint32_t egid = 0;
  uint32_t suid = 0;
  uint32_t sgid = 0;
  uint32_t fsuid = 0;
  uint32_t fsgid = 0;
  int32_t exit_code = 0;  // as wait(2) has it
  uint32_t coredump_mask = 0;
  uint32_t spare = 0;
};
static_assert(sizeof(PidfdInfo) == 72);

// All return -1 and errno like their kin in libc.
int PidfdOpen(int pid);
int PidfdSignal(int pidfd, int signal, unsigned flags);
// `info.mask` says what is wanted, then what came; true: all of it.
bool PidfdAsk(int pidfd, PidfdInfo& info);
int ChangeModeOf(int node, unsigned mode);  // fchmodat2(2), or through /proc

// The inode of what is open; 0 if it cannot be told.
uint64_t InodeOf(int fd);

// A descriptor of the kernel floor's own.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int number) : number_(number) {}
  UniqueFd(UniqueFd&& other) noexcept : number_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number = -1);

 private:
  int number_ = -1;
};

// Descriptors that live long are kept from this number on, so that a child need not copy them:
// where there are many it copies the numbers below only. Low enough that the whole table is one
// page for the kernel as long as there are few.
constexpr int kHighNumber = 256;

// Moves a descriptor to kHighNumber or above; leaves it where it is if there is no room.
UniqueFd Raised(UniqueFd fd);

}  // namespace socketd
