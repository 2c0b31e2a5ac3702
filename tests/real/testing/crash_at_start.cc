// A library to be loaded before all others (ld.so(8), LD_PRELOAD): a daemon aborts at the start of
// its life as long as the file is there that SOCKETD_TEST_CRASH names. Its keeper and its services
// go on.
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

bool IsDaemon() {
  char name[16] = {};
  return prctl(PR_GET_NAME, name, 0, 0, 0) == 0 && std::strcmp(name, "socketd") == 0;
}

}  // namespace

// The first that a daemon asks of the system in its own life; as in libc.
extern "C" int epoll_create1(int flags) noexcept {
  const char* const file = std::getenv("SOCKETD_TEST_CRASH");
  if (file != nullptr && access(file, F_OK) == 0 && IsDaemon()) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    std::abort();
  }
  return static_cast<int>(syscall(SYS_epoll_create1, flags));
}
