#include "server/keeper/origin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "server/keeper/keeper_system.h"

namespace socketd {
namespace {

constexpr int64_t kWayBack = 10'000;  // milliseconds for the old program to be there again

Numbers open_now;  // large, so it is not on the stack

// As it was executed: behind a link there may be another program the next time.
void FindProgram(SharedText<4096>& program) {
  const unsigned long address = getauxval(AT_EXECFN);  // NOLINT(google-runtime-int)
  const char* const path =
      reinterpret_cast<const char*>(address);  // NOLINT(performance-no-int-to-ptr)
  if (path == nullptr || path[0] == '\0') return;
  if (path[0] == '/') {
    if (!program.Set(path)) program.Set("");
    return;
  }
  char folder[4096];
  if (getcwd(folder, sizeof folder) == nullptr) return;
  char whole[8192];
  const int length = snprintf(whole, sizeof whole, "%s/%s", folder, path);
  if (length < 0 || !program.Set({whole, static_cast<size_t>(length)})) program.Set("");
}

// The number that the variable names; -1: none.
int NumberInEnvironment() {
  const char* const text = getenv(Baton::kVariable);
  if (text == nullptr) return -1;
  char* end = nullptr;
  const long number = strtol(text, &end, 10);  // NOLINT(google-runtime-int)
  const bool sane = end != text && *end == '\0' && number > 2 && number < Numbers::kMost;
  unsetenv(Baton::kVariable);
  return sane ? static_cast<int>(number) : -1;
}

// Memory of an older layout is made larger: what is new begins as zero. Null: it cannot be had.
void* MapShared(int number, size_t size) {
  struct stat status{};
  if (fstat(number, &status) != 0) return nullptr;
  const bool small = static_cast<size_t>(status.st_size) < size;
  if (small && ftruncate(number, static_cast<off_t>(size)) != 0) return nullptr;
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

const char* OpenBaton(int number, Baton** baton) {
  void* const memory = MapShared(number, sizeof(Baton));
  if (memory == nullptr) return "its memory cannot be had";
  auto* const found = static_cast<Baton*>(memory);
  if (found->magic != Baton::kMagic) return "its memory is no keeper's";
  if (found->layout == 0 || found->layout > Baton::kLayout) return "its layout is a newer one";
  *baton = found;
  return nullptr;
}

}  // namespace

Legacy Origin::legacy() const {
  return {baton->lock,        baton->files_soft,         baton->files_hard,
          baton->home.view(), baton->home_parent.view(), baton->home_refused.view()};
}

SharedPage* Origin::OpenPage() const {
  return static_cast<SharedPage*>(MapShared(baton->page, sizeof(SharedPage)));
}

Origin FindOrigin() {
  Origin origin;
  FindProgram(origin.program);
  const int number = NumberInEnvironment();
  if (number < 0) return origin;
  origin.number = number;
  origin.refused = OpenBaton(number, &origin.baton);
  // By a descriptor that is not open any more: the path was another one.
  if (origin.taken_over() && origin.baton->phase == Baton::kReturning)
    origin.program = origin.baton->program;
  return origin;
}

void KeepOverExec(bool stays) {
  open_now.Clear();
  FindOpen(open_now);
  open_now.ForEach([stays](int number) { fcntl(number, F_SETFD, stays ? 0 : FD_CLOEXEC); });
}

char** EnvironmentWith(int baton) {
  // One for each life of the process: an exec is all that ends it.
  static char own[sizeof(Baton::kVariable) + 16];
  static char** variables = nullptr;
  size_t count = 0;
  while (environ[count] != nullptr)
    ++count;
  free(static_cast<void*>(variables));
  variables = static_cast<char**>(calloc(count + 2, sizeof(char*)));
  if (variables == nullptr) return nullptr;
  snprintf(own, sizeof own, "%s=%d", Baton::kVariable, baton);
  std::copy(environ, environ + count, variables);
  variables[count] = own;
  return variables;
}

void ExecuteOld(const Baton& baton, char** environment) {
  static char arguments[sizeof baton.arguments];
  static char* words[Baton::kMostArguments + 1];
  memcpy(arguments, baton.arguments, sizeof arguments);
  arguments[sizeof arguments - 1] = '\0';
  size_t at = 0;
  int count = 0;
  while (count < baton.argument_count && count < Baton::kMostArguments && at < sizeof arguments) {
    words[count++] = arguments + at;
    at += strlen(arguments + at) + 1;
  }
  words[count] = nullptr;
  KeepOverExec(true);
  syscall(SYS_execveat, baton.before, "", words, environment, AT_EMPTY_PATH);
}

void GiveBack(const Origin& origin, std::string_view why) {
  Baton& baton = *origin.baton;
  // What was refused already on the way back has nobody else to go to.
  if (baton.phase != Baton::kLeaving) return;
  baton.error.Set(why);
  baton.until = Now() + kWayBack;
  baton.phase = Baton::kReturning;
  char** const environment = EnvironmentWith(origin.number);
  if (environment != nullptr) ExecuteOld(baton, environment);
}

}  // namespace socketd
