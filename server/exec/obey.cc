#include "server/exec/obey.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "server/exec/managed_directory.h"
#include "server/exec/system_call.h"

// NOLINTBEGIN(google-runtime-int): system calls take machine words
namespace socketd::exec {
namespace {

constexpr int kGroupsMax = 1024;  // more than any list here; Linux allows 65536
constexpr int kSignals = 64;

// Reads one number and steps over the comma after it.
unsigned long Number(const char*& text) {
  unsigned long value = 0;
  for (; *text >= '0' && *text <= '9'; ++text)
    value = value * 10 + static_cast<unsigned long>(*text - '0');
  if (*text == ',') ++text;
  return value;
}

long SignedNumber(const char*& text) {
  if (*text != '-') return static_cast<long>(Number(text));
  ++text;
  return -static_cast<long>(Number(text));
}

unsigned OctalNumber(const char*& text) {
  unsigned value = 0;
  for (; *text >= '0' && *text <= '7'; ++text)
    value = value * 8 + static_cast<unsigned>(*text - '0');
  if (*text == ',') ++text;
  return value;
}

unsigned OwnerNumber(const char*& text) {
  if (*text != '-') return static_cast<unsigned>(Number(text));
  text += text[1] == ',' ? 2 : 1;
  return kKeepOwner;
}

long OpenTo(const char* path, long flags, int target) {
  const long opened = Call(SYS_openat, AT_FDCWD, Address(path), flags, 0666);
  if (opened < 0 || opened == target) return opened;
  const long copied = Call(SYS_dup3, opened, target, 0);
  Call(SYS_close, opened);
  return copied;
}

long Stream(const char* how, int target) {
  const char* path = how + 1;
  switch (*how) {
    case 'r':
      return OpenTo(path, O_RDONLY | O_NOCTTY, target);
    case 'b':
      return OpenTo(path, O_RDWR | O_CREAT | O_NOCTTY, target);
    case 'f':
      return OpenTo(path, O_WRONLY | O_CREAT | O_NOCTTY, target);
    case 'a':
      return OpenTo(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, target);
    case 't':
      return OpenTo(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, target);
    case 'T':
      return OpenTo(path, O_RDWR | O_NOCTTY, target);
    case '0':
    case '1':
      return Call(SYS_dup3, *how - '0', target, 0);
    default:
      return -EINVAL;
  }
}

// A terminal that is somebody's: `x` fails, `f` takes it, `w` waits. Nothing announces that a
// terminal was given up, so waiting is asking again every 100 ms.
long Terminal(const char* how) {
  const long opened = Call(SYS_openat, AT_FDCWD, Address(how + 1), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (opened < 0) return opened;
  long taken = Call(SYS_ioctl, opened, TIOCSCTTY, *how == 'f' ? 1 : 0);
  while (*how == 'w' && taken == -EPERM) {
    const timespec pause{0, 100'000'000};
    Call(SYS_nanosleep, Address(&pause));
    taken = Call(SYS_ioctl, opened, TIOCSCTTY, 0);
  }
  Call(SYS_close, opened);
  return taken;
}

long SetLimit(const char* text) {
  struct {
    unsigned long soft, hard;
  } limit{};
  const long resource = static_cast<long>(Number(text));
  limit.soft = Number(text);
  limit.hard = Number(text);
  return Call(SYS_prlimit64, 0, resource, Address(&limit));
}

// Lowering needs CAP_SYS_RESOURCE: not getting it is no failure.
long SetOomScore(const char* text) {
  const long file =
      Call(SYS_openat, AT_FDCWD, Address("/proc/self/oom_score_adj"), O_WRONLY | O_CLOEXEC);
  if (file < 0) return file;
  long length = 0;
  while (text[length] != 0)
    ++length;
  const long written = Call(SYS_write, file, Address(text), length);
  Call(SYS_close, file);
  return written == -EACCES || written == -EPERM ? 0 : written;
}

long MakeDirectory(const char* text) {
  Managed wanted{};
  wanted.mode = OctalNumber(text);
  wanted.uid = OwnerNumber(text);
  wanted.gid = OwnerNumber(text);
  wanted.path = text;
  return ManageDirectory(wanted);
}

long SetGroups(const char* text) {
  unsigned groups[kGroupsMax];
  long count = 0;
  while (*text != 0) {
    if (count == kGroupsMax) return -E2BIG;
    groups[count++] = static_cast<unsigned>(Number(text));
  }
  return Call(SYS_setgroups, count, Address(groups));
}

long ChangeDirectory(const char* word) {
  const long changed = Call(SYS_chdir, Address(word + 1));
  if (changed == -ENOENT && *word == 'c') return Call(SYS_chdir, Address("/"));
  return changed;
}

// As the kernel wants it; libc's struct is another.
struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  unsigned long mask;
};

long SetDisposition(int signal, bool ignored) {
  KernelAction action{};
  action.handler =
      reinterpret_cast<void*>(ignored ? 1L : 0L);  // SIG_IGN, NOLINT(performance-no-int-to-ptr)
  return Call(SYS_rt_sigaction, signal, Address(&action), 0, 8);
}

// Dispositions first, the mask last: what is pending must find the dispositions it belongs to.
long ResetSignals(const char* word) {
  const bool cleared = word[0] == 'Y';
  const bool ignore_sigpipe = word[1] == '1';
  for (int signal = 1; signal <= kSignals && !cleared; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP || signal == SIGPIPE) continue;
    const long set = SetDisposition(signal, false);
    if (set < 0) return set;
  }
  if (!cleared || !ignore_sigpipe) SetDisposition(SIGPIPE, ignore_sigpipe);
  const unsigned long none = 0;
  return Call(SYS_rt_sigprocmask, SIG_SETMASK, Address(&none), 0, 8);
}

bool Begins(const char* text, const char* prefix) {
  for (; *prefix != 0; ++text, ++prefix)
    if (*text != *prefix) return false;
  return true;
}

// The inode of a pidfd identifies the process for the whole boot (Linux 6.9); 0 before that.
unsigned long PidfdInode(long pid) {
  const long pidfd = Call(SYS_pidfd_open, pid);
  if (pidfd < 0) return 0;
  struct stat status{};
  const long asked = Call(SYS_newfstatat, pidfd, Address(""), Address(&status), AT_EMPTY_PATH);
  Call(SYS_close, pidfd);
  return asked < 0 ? 0 : status.st_ino;
}

void StampListenPid(char* const* environment) {
  static constexpr char kPid[] = "LISTEN_PID=";
  static constexpr char kPidfdId[] = "LISTEN_PIDFDID=";
  const long pid = Call(SYS_getpid);
  for (; *environment != nullptr; ++environment) {
    if (Begins(*environment, kPid)) {
      PutNumber(*environment + sizeof(kPid) - 1, static_cast<unsigned long>(pid));
    } else if (Begins(*environment, kPidfdId)) {
      PutNumber(*environment + sizeof(kPidfdId) - 1, PidfdInode(pid));
    }
  }
}

struct Outcome {
  Step step;
  long result;
};

Outcome ObeyIdentity(const char* word) {
  const char* text = word + 1;
  switch (*word) {
    case 'D':
      return {Step::kDirectories, MakeDirectory(text)};
    case 'G':
      return {Step::kGroup, SetGroups(text)};
    case 'g': {
      const long gid = static_cast<long>(Number(text));
      return {Step::kGroup, Call(SYS_setresgid, gid, gid, gid)};
    }
    case 'u': {
      const long uid = static_cast<long>(Number(text));
      return {Step::kUser, Call(SYS_setresuid, uid, uid, uid)};
    }
    case 'O':
      return {Step::kOom, SetOomScore(text)};
    case 'P':
      return {Step::kNoNewPrivileges, Call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1)};
    default:
      return {Step::kOrder, -EINVAL};
  }
}

Outcome ObeyWord(const char* word, char* const* environment) {
  const char* text = word + 1;
  switch (*word) {
    case 'R':
      return {Step::kFds, Call(SYS_fcntl, static_cast<long>(Number(text)), F_SETFD, FD_CLOEXEC)};
    case 'S':
      return {Step::kSession, Call(SYS_setsid)};
    case 's':
      return {Step::kSession, Call(SYS_setpgid, 0, 0)};
    case 'T':
      return {Step::kTerminal, Terminal(text)};
    case 'i':
      return {Step::kStdin, Stream(text, 0)};
    case 'o':
      return {Step::kStdout, Stream(text, 1)};
    case 'e':
      return {Step::kStderr, Stream(text, 2)};
    case 'L':
      return {Step::kLimits, SetLimit(text)};
    case 'N':
      return {Step::kNice, Call(SYS_setpriority, PRIO_PROCESS, 0, SignedNumber(text))};
    case 'M':
      Call(SYS_umask, static_cast<long>(Number(text)));
      return {Step::kOrder, 0};
    case 'C':
    case 'c':
      return {Step::kChdir, ChangeDirectory(word)};
    case 'Z':
      StampListenPid(environment);
      return {Step::kOrder, 0};
    case 'X':
    case 'Y':
      return {Step::kSignals, ResetSignals(word)};
    default:
      return ObeyIdentity(word);
  }
}

}  // namespace

void PutNumber(char* text, unsigned long value) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  while (count > 0)
    *text++ = digits[--count];
  *text = 0;
}

const char* const* Obey(const char* const* words, char* const* environment, Trouble& trouble) {
  for (; *words != nullptr; ++words) {
    if (**words == '=') return words + 1;
    const Outcome outcome = ObeyWord(*words, environment);
    if (outcome.result >= 0) continue;
    trouble = {outcome.step, static_cast<int>(-outcome.result)};
    return nullptr;
  }
  trouble = {Step::kOrder, EINVAL};
  return nullptr;
}

}  // namespace socketd::exec
// NOLINTEND(google-runtime-int)
