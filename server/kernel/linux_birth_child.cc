#include "server/kernel/linux_birth_child.h"

#include <errno.h>
#include <fcntl.h>

#include "server/exec/obey.h"
#include "server/exec/order.h"
#include "server/exec/system_call.h"

// NOLINTBEGIN(google-runtime-int): system calls take machine words
namespace socketd {
namespace {

using exec::Address;
using exec::Call;
using exec::Step;

constexpr unsigned kUnshare = 2;      // CLOSE_RANGE_UNSHARE
constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
constexpr unsigned kAll = ~0U;

[[noreturn]] void Fail(Birth* birth, Step step, long result) {
  birth->trouble.step = step;
  __atomic_store_n(&birth->trouble.error, static_cast<int>(-result), __ATOMIC_RELEASE);
  for (;;)
    Call(SYS_exit_group, exec::InfoOf(step).exit_status);
}

// A table of our own. Until then touching any descriptor would change the daemon's.
void TakeFiles(Birth* birth) {
  if (birth->shared_files) {
    const long taken = Call(SYS_close_range, birth->drop_from, kAll, kUnshare);
    if (taken < 0) Fail(birth, Step::kFds, taken);
  }
  __atomic_store_n(&birth->unshared, 1, __ATOMIC_RELEASE);
  if (birth->shared_files) {
    const uint64_t one = 1;
    Call(SYS_write, birth->tell, Address(&one), sizeof(one));
  }
  // Descriptors of a careless library; where it is not supported, close-on-exec was set by us.
  Call(SYS_close_range, 3, kAll, kCloseOnExec);
}

void EnterGroup(Birth* birth) {
  if (birth->cgroup_procs < 0) return;
  const long written = Call(SYS_write, birth->cgroup_procs, Address("0"), 1);
  if (written < 0) Fail(birth, Step::kCgroup, written);
}

// Lifts what stands in the way first, then puts each in its place.
void ArrangeFiles(Birth* birth, int* sources) {
  const int count = birth->source_count;
  for (int i = 0; i < count; ++i) {
    if (sources[i] == i || sources[i] >= count) continue;
    const long lifted = Call(SYS_fcntl, sources[i], F_DUPFD_CLOEXEC, count);
    if (lifted < 0) Fail(birth, Step::kFds, lifted);
    sources[i] = static_cast<int>(lifted);
  }
  for (int i = 0; i < count; ++i) {
    const long put =
        sources[i] == i ? Call(SYS_fcntl, i, F_SETFD, 0) : Call(SYS_dup3, sources[i], i, 0);
    if (put < 0) Fail(birth, Step::kFds, put);
  }
}

}  // namespace

extern "C" void SocketdBirth(Birth* birth) {
  TakeFiles(birth);
  EnterGroup(birth);
  long executor = birth->executor;
  if (executor >= 0 && executor < birth->source_count) {
    executor = Call(SYS_fcntl, executor, F_DUPFD_CLOEXEC, birth->source_count);
    if (executor < 0) Fail(birth, Step::kFds, executor);
  }
  ArrangeFiles(birth, birth->sources);
  if (executor >= 0) {
    __atomic_store_n(&birth->about_to_exec, 1, __ATOMIC_RELEASE);
    Fail(birth, Step::kExec,
         Call(SYS_execveat, executor, Address(""), Address(birth->words),
              Address(birth->environment), AT_EMPTY_PATH));
  }
  exec::Trouble trouble;
  const char* const* program = exec::Obey(birth->words + 1, birth->environment, trouble);
  if (program == nullptr) Fail(birth, trouble.step, -trouble.error);
  __atomic_store_n(&birth->about_to_exec, 1, __ATOMIC_RELEASE);
  Fail(birth, Step::kExec,
       Call(SYS_execve, Address(program[0]), Address(program + 1), Address(birth->environment)));
}

}  // namespace socketd
// NOLINTEND(google-runtime-int)

SOCKETD_CLONE_ENTRY(SocketdClone);
