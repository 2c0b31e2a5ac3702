// Loaded before a socketd (LD_PRELOAD) to spoil its daemon: the keeper polls no epoll, each daemon
// makes one before it is ready. SPOIL says how: "hang", "abort" or "exit".
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

char how[8];  // of this process and its forks

__attribute__((constructor)) void Begin() {
  const char* const text = getenv("SPOIL");
  if (text != nullptr) strncpy(how, text, sizeof how - 1);
  // The program before is not to be spoiled when it comes back.
  unsetenv("LD_PRELOAD");
  unsetenv("SPOIL");
}

bool Is(const char* word) {
  return strcmp(how, word) == 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int epoll_create1(int flags) {
  if (Is("abort")) abort();
  if (Is("exit")) _exit(3);
  while (Is("hang"))
    pause();
  return static_cast<int>(syscall(SYS_epoll_create1, flags));
}
