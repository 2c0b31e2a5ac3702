// Who takes the keeper's place.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/keeper/keeper_process.h"

namespace socketd {
namespace {

constexpr int kKeeperGone = SIGUSR1;  // to the heir, which takes no other signal

}  // namespace

// Comes back as keeper, heir or daemon.
void Keeper::MakeWhoIsMissing() {
  if (daemon_ == 0 && Now() >= next_start_)
    StartDaemon();
  else if (daemon_ != 0 && heir_ == 0)
    MakeHeir();
}

// Comes back twice if it does well: in the heir, and here.
void Keeper::MakeHeir() {
  const pid_t pid = clone_.Fork(nullptr);
  if (pid > 0) heir_ = pid;
  if (pid == 0) role_ = Role::kHeir;
}

void Keeper::AwaitInheritance() {
  Name("socketd-heir");
  setsid();  // what is meant for the daemon's group is not for the heir
  prctl(PR_SET_PDEATHSIG, kKeeperGone);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, kKeeperGone);
  const pid_t keeper = self_;
  while (getppid() == keeper)
    sigwaitinfo(&wanted, nullptr);
  Inherit();
}

// The keeper is gone. Its children are those of whoever is above; the daemon lives on, if it does.
void Keeper::Inherit() {
  role_ = Role::kKeeper;
  Name("socketd-keeper");
  prctl(PR_SET_PDEATHSIG, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  self_ = getpid();
  heir_ = 0;
  daemon_pidfd_ = life_.page->daemon;
  daemon_ = daemon_pidfd_ >= 0 ? kSomebodyElses : 0;
  parent_ = false;
  // What came before was sent to all of a group: nobody has meant the heir.
  signalfd_siginfo dropped{};
  while (read(signals_, &dropped, sizeof dropped) > 0)
    continue;
  // Before anybody is told: whoever kills the next keeper as well finds an heir.
  if (daemon_ != 0) MakeHeir();
  if (role_ == Role::kHeir) return;
  Say("the keeper is gone, another one takes its place");
  life_.page->keeper = self_;
  Ring(life_.bell);
}

}  // namespace socketd
