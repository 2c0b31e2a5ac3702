// The last mile between the daemon and a service: started in place of the service, it does all that
// has to be done in the service's own process and then becomes the service. Without libc: no heap,
// no locale, no start-up work, nothing that could run before the first step.
#include <errno.h>

#include "server/exec/obey.h"
#include "server/exec/order.h"
#include "server/exec/system_call.h"

// NOLINTBEGIN(google-runtime-int): system calls take machine words
namespace socketd::exec {
namespace {

void Tell(long pipe, Report report) {
  if (pipe >= 0) Call(SYS_write, pipe, reinterpret_cast<long>(&report), sizeof(report));
}

long ReportPipe(const char* word) {
  if (word == nullptr || *word != 'R') return -1;
  long number = 0;
  for (++word; *word >= '0' && *word <= '9'; ++word)
    number = number * 10 + (*word - '0');
  return number;
}

[[noreturn]] void Fail(long pipe, const Trouble& trouble) {
  Tell(pipe, {static_cast<int>(trouble.step), trouble.error});
  for (;;)
    Call(SYS_exit_group, InfoOf(trouble.step).exit_status);
}

}  // namespace
}  // namespace socketd::exec

// The kernel's stack at entry: argc, the arguments, null, the environment, null.
extern "C" [[noreturn]] __attribute__((used)) void ExecMain(long* stack) {
  using namespace socketd::exec;  // NOLINT(google-build-using-namespace)
  const long count = stack[0];
  auto** words = reinterpret_cast<const char**>(stack + 1);
  auto** environment = reinterpret_cast<char**>(stack + 1 + count + 1);
  const long pipe = count > 1 ? ReportPipe(words[1]) : -1;
  Trouble trouble;
  const char* const* program = count > 1 ? Obey(words + 1, environment, trouble) : nullptr;
  if (program == nullptr || program[0] == nullptr) Fail(pipe, trouble);
  Tell(pipe, {kAboutToExec, 0});
  trouble.step = Step::kExec;
  trouble.error = static_cast<int>(-Call(SYS_execve, reinterpret_cast<long>(program[0]),
                                         reinterpret_cast<long>(program + 1),
                                         reinterpret_cast<long>(environment)));
  Fail(pipe, trouble);
}

// The compiler may ask for these two even where no library is.
// NOLINTBEGIN(readability-identifier-naming): their names are given
extern "C" void* memset(void* to, int value, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i)
    static_cast<volatile char*>(to)[i] = static_cast<char>(value);
  return to;
}
extern "C" void* memcpy(void* to, const void* from, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i)
    static_cast<volatile char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}
// NOLINTEND(readability-identifier-naming)
// NOLINTEND(google-runtime-int)

SOCKETD_EXEC_ENTRY(ExecMain);
