#include "server/keeper/keeper_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40  // NOLINT(cppcoreguidelines-macro-usage): as Linux names it
#endif

namespace socketd {
namespace {

constexpr int kHighNumber = 256;  // as the kernel floor has it

// PIDFD_GET_INFO: linux_abi.h says more.
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroup_id;
  uint32_t pid;
  uint32_t ids[10];
  int32_t exit_code;
  uint32_t spare[2];
};
static_assert(sizeof(PidfdInfo) == 72);
constexpr uint64_t kExit = 8;

bool Ask(int pidfd, PidfdInfo* info) {
  const uint64_t wanted = info->mask;
  return ioctl(pidfd, _IOWR(0xFF, 11, PidfdInfo), info) == 0 && (info->mask & wanted) == wanted;
}

// linux_dirent64, which libc does not show: getdents64(2).
struct Entry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[];
};

// Where there is no /proc, or no number for it.
void AskEach(Numbers& numbers) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int number = 3; number < Numbers::kMost && static_cast<rlim_t>(number) < limit.rlim_max;
       ++number)
    if (fcntl(number, F_GETFD) >= 0) numbers.Add(number);
}

}  // namespace

bool CloneTable::Prepare() {
  // Where libc has told the kernel to write the thread's number; only there does the child's libc
  // learn its own (prctl(2), needs CONFIG_CHECKPOINT_RESTORE).
  if (prctl(PR_GET_TID_ADDRESS, &thread_id_, 0, 0, 0) != 0) return false;
  if (thread_id_ != nullptr && *thread_id_ == getpid()) return true;
  errno = ENOTSUP;
  return false;
}

pid_t CloneTable::Fork(std::atomic<int>* pidfd) const {
  return Clone(CLONE_FILES, pidfd);
}

pid_t CloneTable::ForkApart() const {
  return Clone(0, nullptr);
}

pid_t CloneTable::Clone(uint64_t flags, std::atomic<int>* pidfd) const {
  clone_args arguments{};
  arguments.flags = flags | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  arguments.child_tid = reinterpret_cast<uint64_t>(thread_id_);
  arguments.exit_signal = SIGCHLD;
  if (pidfd != nullptr) {
    static_assert(sizeof(std::atomic<int>) == sizeof(int));
    arguments.flags |= CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<uint64_t>(pidfd);
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

bool UnshareTable() {
  return unshare(CLONE_FILES) == 0;
}

void FindOpen(Numbers& numbers) {
  const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return AskEach(numbers);
  alignas(Entry) char buffer[16384];
  for (auto length = syscall(SYS_getdents64, folder, buffer, sizeof buffer); length > 0;
       length = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) {
    for (decltype(length) at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const int number = entry->name[0] == '.' ? 0 : atoi(entry->name);
      if (number > 2 && number != folder) numbers.Add(number);
    }
  }
  close(folder);
}

int RaisedNumber(int number) {
  if (number < 0) return number;
  const int high = fcntl(number, F_DUPFD_CLOEXEC, kHighNumber);
  if (high < 0) return number;
  close(number);
  return high;
}

int MakeMemory(const char* name) {
  const int memory = RaisedNumber(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  // Whoever has it mapped must not be torn off it.
  if (memory >= 0) fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK);
  return memory;
}

void* MakeShared(const char* name, size_t size, int* number) {
  *number = MakeMemory(name);
  if (*number < 0 || ftruncate(*number, static_cast<off_t>(size)) != 0) return nullptr;
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, *number, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

int OpenOwnProgram() {
  return RaisedNumber(open("/proc/self/exe", O_PATH | O_CLOEXEC));
}

int OpenPidfd(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

void SendSignal(int pidfd, int signal) {
  syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
}

void EndChild(pid_t pid) {
  constexpr int kPatience = 1000;
  const int pidfd = OpenPidfd(pid);
  kill(pid, SIGKILL);
  pollfd ended{pidfd, POLLIN, 0};
  if (pidfd >= 0) poll(&ended, 1, kPatience);
  close(pidfd);
  waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOHANG | __WALL);
}

bool ExitByPidfd(int pidfd, int* code, int* status) {
  PidfdInfo info{};
  info.mask = kExit;
  if (!Ask(pidfd, &info)) return false;
  *code = WIFEXITED(info.exit_code) ? CLD_EXITED : CLD_KILLED;
  *status = WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code) : WTERMSIG(info.exit_code);
  return true;
}

int64_t Now() {
  return NowMicroseconds() / 1000;
}

int64_t NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1000;
}

int64_t SecondsSince1970() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec;
}

void Ring(int bell) {
  const uint64_t one = 1;
  // It cannot fail but by overflow, and then it is rung already.
  if (write(bell, &one, sizeof one) < 0) return;
}

void Name(const char* name) {
  prctl(PR_SET_NAME, name, 0, 0, 0);
}

void Say(const char* format, ...) {
  char text[256] = "socketd-keeper: ";
  const size_t start = strlen(text);
  va_list words;
  va_start(words, format);
  int length = vsnprintf(text + start, sizeof text - start - 1, format, words);
  va_end(words);
  if (length < 0) return;
  const size_t most = sizeof text - start - 2;
  const size_t end =
      start + (static_cast<size_t>(length) < most ? static_cast<size_t>(length) : most);
  text[end] = '\n';
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  // What is told as writable takes a line of this size at once (pipe(7)).
  if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0)
    if (write(STDERR_FILENO, text, end + 1) < 0) return;
}

const char* ErrorText(int error) {
  const char* text = strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

void OomScore::Lower() {
  const int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t length = read(file, before_, sizeof before_ - 1);
  lowered_ = length > 0 && pwrite(file, "-1000", 5, 0) == 5;
  close(file);
}

void OomScore::TakeOver(const char* before) {
  lowered_ = before[0] != '\0';
  snprintf(before_, sizeof before_, "%s", before);
}

void OomScore::Restore() const {
  if (!lowered_) return;
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (write(file, before_, strlen(before_)) < 0) Say("oom_score_adj stays as it is");
  close(file);
}

}  // namespace socketd
