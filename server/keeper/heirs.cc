// Who takes the keeper's place.
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/keeper/keeper_process.h"

namespace socketd {

// Comes back as keeper, heir or daemon.
void Keeper::MakeWhoIsMissing() {
  if (daemon_ == 0 && Now() >= next_start_)
    StartDaemon();
  else if (daemon_ != 0 && heir_ == 0)
    MakeHeir();
  if (role_ == Role::kKeeper && arriving_ && heir_ != 0) TakeOffice();
}

// Comes back twice if it does well: in the heir, and here.
void Keeper::MakeHeir() {
  const pid_t pid = clone_.Fork(nullptr);
  if (pid > 0) heir_ = pid;
  if (pid != 0) return;
  role_ = Role::kHeir;
  check_.Disown();
}

void Keeper::EndHeir() {
  if (heir_ == 0) return;
  EndChild(heir_);
  heir_ = 0;
}

// Until when the keeper may be on its way into another program; INT64_MAX: it is not.
int64_t Keeper::GuardedUntil() const {
  const bool on_the_way = baton_->phase != Baton::kHome && baton_->guard == getpid();
  return on_the_way ? baton_->until.load() : INT64_MAX;
}

// Waits for a signal, or until the keeper is late.
void Keeper::Guard(pid_t keeper) const {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, kKeeperGone);
  const int64_t until = GuardedUntil();
  if (until == INT64_MAX) {
    sigwaitinfo(&wanted, nullptr);
    return;
  }
  const int64_t left = until - Now();
  const timespec limit{left / 1000, left % 1000 * 1'000'000};
  if (left > 0 && (sigtimedwait(&wanted, nullptr, &limit) >= 0 || errno != EAGAIN)) return;
  // Whether it has arrived in this instant will be seen when it is gone.
  if (GuardedUntil() > Now() || getppid() != keeper) return;
  Say("the program that is to take over hangs: ending it");
  kill(keeper, SIGKILL);
  sigwaitinfo(&wanted, nullptr);
}

void Keeper::AwaitInheritance() {
  Name("socketd-heir");
  setsid();  // what is meant for the daemon's group is not for the heir
  prctl(PR_SET_PDEATHSIG, kKeeperGone);
  const pid_t keeper = self_;
  while (getppid() == keeper)
    Guard(keeper);
  // Another program has taken over, and has an heir of its own.
  if (baton_->owner != generation_) _exit(EXIT_SUCCESS);
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
  guard_ = 0;
  trial_ = trial_ && baton_->trial != 0;
  if (!trial_) {
    trial_until_ = INT64_MAX;
    late_ = false;
  }
  life_.number = baton_->life;
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
  InheritUpgrade();
  life_.page->keeper = self_;
  Ring(life_.bell);
}

// One that was under way comes to nothing, unless the new program keeps already.
void Keeper::InheritUpgrade() {
  const int phase = baton_->phase.exchange(Baton::kHome);
  Upgrade& upgrade = life_.page->upgrade;
  const int state = upgrade.state;
  if (phase == Baton::kLeaving) {
    Stay("the new program ended, or hung, before it kept anything");
  } else if (phase == Baton::kReturning) {
    Stay(nullptr);
  } else if (state == Upgrade::kAsked) {
    upgrade.error.Set("the keeper was killed meanwhile");
    upgrade.state = Upgrade::kUnfit;
  }
  // A daemon that stands still is seen to when it is looked at.
}

}  // namespace socketd
