#include "tests/real/testing/reaper.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

namespace socketd::real {
namespace {

constexpr timespec kLongest = {0, 50'000'000};  // until the end is noticed

sigset_t ChildSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  return signals;
}

}  // namespace

Reaper::Reaper() {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const sigset_t signals = ChildSignal();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { Run(); });
}

Reaper::~Reaper() {
  over_ = true;
  thread_.join();
}

void Reaper::Run() const {
  const sigset_t signals = ChildSignal();
  while (!over_) {
    sigtimedwait(&signals, nullptr, &kLongest);
    while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0)
      continue;
  }
}

}  // namespace socketd::real
