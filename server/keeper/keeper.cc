#include "server/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>

#include "server/keeper/keeper_process.h"

namespace socketd {
namespace {

constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

Keeper keeper;

// All but those that a fault of our own raises; the daemon is born with it.
void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    sigdelset(&all, fault);
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

bool Keeper::Prepare(const char** what) {
  *what = "clone";
  if (!clone_.Prepare()) return false;
  *what = "mmap";
  void* page =
      mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  life_.page = new (page) SharedPage;
  *what = "memfd_create";
  life_.memory = MakeMemory();
  if (life_.memory < 0) return false;
  *what = "eventfd";
  life_.bell = RaisedNumber(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (life_.bell < 0) return false;
  BlockSignals();
  signal(SIGCHLD, SIG_DFL);  // ignored, it would reap behind our back
  *what = "signalfd";
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  for (const int number : kForwarded)
    sigaddset(&wanted, number);
  signals_ = RaisedNumber(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_ < 0) return false;
  *what = "prctl";
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return false;
  oom_score_.Lower();
  FindOpen(own_);
  self_ = getpid();
  life_.page->keeper = self_;
  life_.number = 0;
  return true;
}

Life Keeper::Watch(void (*at_end)()) {
  at_end_ = at_end;
  Name("socketd-keeper");
  for (;;) {
    if (role_ == Role::kHeir) AwaitInheritance();
    if (role_ == Role::kKeeper) MakeWhoIsMissing();
    if (role_ == Role::kDaemon) return life_;
    if (role_ == Role::kHeir) continue;
    const int64_t soon = heir_ == 0 ? Now() + kAgain : INT64_MAX;
    Wait(daemon_ == 0 ? next_start_ : soon);
    TakeSignals();
    Reap();
    LookAtDaemon();
  }
}

void Keeper::Wait(int64_t until) const {
  pollfd sources[] = {{signals_, POLLIN, 0}, {daemon_ != 0 ? daemon_pidfd_ : -1, POLLIN, 0}};
  const int64_t left = until - Now();
  const int limit = until == INT64_MAX ? -1 : left < 0 ? 0 : static_cast<int>(left);
  poll(sources, 2, limit);
}

void Keeper::TakeSignals() {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) PassOn(static_cast<int>(info.ssi_signo));
}

void Keeper::PassOn(int signal) {
  const bool stop = signal == SIGTERM || signal == SIGINT;
  if (stop) stop_ = signal;
  if (daemon_ != 0) {
    SendSignal(daemon_pidfd_, signal);
  } else if (stop) {
    // What still runs is the next daemon's to stop, which then starts at once.
    if (last_try_) Finish(EXIT_FAILURE);
    next_start_ = 0;
  }
}

void Keeper::Finish(int status) {
  if (heir_ != 0) {
    kill(heir_, SIGKILL);
    waitid(P_PID, static_cast<id_t>(heir_), nullptr, WEXITED | __WALL);
  }
  if (at_end_ != nullptr) at_end_();
  _exit(status);
}

Life Keep(void (*at_end)()) {
  const char* what = "";
  if (keeper.Prepare(&what)) return keeper.Watch(at_end);
  Say("nobody will keep the daemon: %s: %s", what, ErrorText(errno));
  return {};
}

void SayReady(const Life& life) {
  if (life.kept()) life.page->stage = SharedPage::kReady;
}

void SayDone(const Life& life) {
  if (life.kept()) life.page->stage = SharedPage::kDone;
}

int MainProcess(const Life& life) {
  return life.kept() ? life.page->keeper.load() : getpid();
}

}  // namespace socketd
