// What becomes of a child that the kernel has no room to watch. Refused by a filter of system
// calls, which holds for a process for ever: in a process of its own.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

class WatchTest : public World {};

// From here on the kernel has no room for one more watch, in this process for ever.
bool RefuseWatches() {
  constexpr uint32_t kNumber = offsetof(seccomp_data, nr);
  constexpr uint32_t kSecond = offsetof(seccomp_data, args) + sizeof(uint64_t);
  std::array<sock_filter, 6> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSecond),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EPOLL_CTL_ADD, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{filter.size(), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(WatchTest, AChildThatCannotBeWatchedIsGone) {
  const Group group = NewGroup();
  const SpawnSpec spec = Shell(group, "exec sleep 100");
  const pid_t other = fork();
  ASSERT_GE(other, 0);
  if (other == 0) {  // a daemon of its own, as far as the refused watch is concerned
    if (!RefuseWatches()) _exit(2);
    if (ErrnoOf(kernel().Spawn(spec).status()) != ENOSPC) _exit(3);
    siginfo_t info{};
    const bool none = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) < 0 && errno == ECHILD;
    _exit(none ? 0 : 4);
  }
  int status = -1;
  ASSERT_EQ(waitpid(other, &status, 0), other);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace socketd
