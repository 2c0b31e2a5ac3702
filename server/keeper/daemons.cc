// How daemons begin and end, and what becomes of orphans.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/keeper/keeper_process.h"

namespace socketd {

// One of those who are not looked at by their pidfd.
void Keeper::Reap() {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 || info.si_pid == 0)
      return;
    if (info.si_pid == daemon_ && parent_) {
      waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG | __WALL);
      OnDaemonEnd({true, info.si_code, info.si_status});
      continue;
    }
    if (info.si_pid == heir_) {
      heir_ = 0;
      Say("the heir is gone, another one takes its place");
    } else if (info.si_pid == guard_) {
      guard_ = 0;
    } else if (info.si_pid == check_.pid()) {
      OnCheckEnd(info);
    } else {
      Remember(info);
    }
    waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG | __WALL);
  }
}

// An orphan, who is known by its pidfd as long as nobody has waited for it.
void Keeper::Remember(const siginfo_t& info) const {
  const int pidfd = OpenPidfd(info.si_pid);
  const uint64_t born = BornOf(info.si_pid, pidfd);
  if (pidfd >= 0) close(pidfd);
  life_.page->endings.Add({info.si_pid, info.si_code, info.si_status, born});
  Ring(life_.bell);
}

void Keeper::LookAtDaemon() {
  if (daemon_ == 0 || parent_) return;
  pollfd ended{daemon_pidfd_, POLLIN, 0};
  if (daemon_pidfd_ >= 0 && poll(&ended, 1, 0) == 0) return;
  End end;
  end.known = ExitByPidfd(daemon_pidfd_, &end.code, &end.status);
  OnDaemonEnd(end);
}

void Keeper::OnDaemonEnd(const End& end) {
  close(daemon_pidfd_);
  daemon_pidfd_ = -1;
  daemon_ = 0;
  life_.page->daemon = -1;
  const int stage = life_.page->stage;
  if (end.known && end.code == CLD_EXITED) {
    if (end.status == EXIT_SUCCESS) Finish(end.status);
    if (stage == SharedPage::kDone) Finish(end.status);
    if (life_.number == 1 && stage == SharedPage::kStarting) Finish(end.status);
  }
  if (!end.known && stage == SharedPage::kDone) Finish(EXIT_SUCCESS);
  if (leaving_ || (fit_ && life_.page->upgrade.state == Upgrade::kGo)) return Leave();
  if (trial_ && OnTrialEnd(end)) return;
  DropUpgrade();
  PlanNext(end);
}

void Keeper::PlanNext(const End& end) {
  const int64_t now = Now();
  // No daemon sends itself SIGKILL. Whoever does wants the next one, or memory. Where it cannot be
  // known its keeper was killed before it, and that is no daemon's doing either.
  const bool by_kill = !end.known || (end.code == CLD_KILLED && end.status == SIGKILL);
  const bool killed = by_kill && life_.page->stage == SharedPage::kReady;
  if (killed)
    crashes_.Forgive(started_, now);
  else
    crashes_.Add(started_, now);
  const int64_t delay = killed || stop_ != 0 ? 0 : crashes_.delay();
  next_start_ = now + delay;
  const char* hold = crashes_.hold() ? ", with activation held" : "";
  const char* how = end.code == CLD_EXITED ? "exited with" : "was killed by signal";
  if (stop_ != 0 && last_try_) {
    Say("the daemon ended before it had stopped: giving up");
    Finish(EXIT_FAILURE);
  }
  const int wait = static_cast<int>(delay);
  if (end.known) {
    Say("the daemon %s %d; the next one starts in %d ms%s", how, end.status, wait, hold);
  } else {
    Say("the daemon is gone; the next one starts in %d ms%s", wait, hold);
  }
}

// What is open now and is not the keeper's is what the daemon left.
void Keeper::FindLeft() {
  left_.Clear();
  FindOpen(left_);
  own_.ForEach([this](int number) { left_.Remove(number); });
  life_.left = &left_;
}

void Keeper::StartDaemon() {
  if (life_.number > 0) {
    // A child of the dead daemon that is not on its own yet keeps the old table as it was.
    UnshareTable();
    EndHeir();
  }
  if (life_.number > 0 || orders_.handed != nullptr) FindLeft();
  if (life_.page->stage == SharedPage::kReady) life_.last_ready = life_.number;
  baton_->life = ++life_.number;
  life_.hold = crashes_.hold();
  life_.page->stage = SharedPage::kStarting;
  life_.page->daemon = -1;
  started_ = Now();
  last_try_ = stop_ != 0;
  // Before the daemon, which is never without.
  MakeHeir();
  if (role_ == Role::kHeir) return;
  if (arriving_ && heir_ != 0) TakeOffice();
  const pid_t pid = clone_.Fork(&life_.page->daemon);
  if (pid == 0) return BecomeDaemon();
  if (pid < 0) {
    next_start_ = started_ + kAgain;
    Say("no daemon can be started now: %s", ErrorText(errno));
    return;
  }
  daemon_ = pid;
  daemon_pidfd_ = life_.page->daemon;
  parent_ = true;
  if (stop_ != 0) SendSignal(daemon_pidfd_, stop_);
}

void Keeper::BecomeDaemon() {
  role_ = Role::kDaemon;
  Name("socketd");
  // A terminal's ^C is for the keeper, which passes it on: it must not come twice.
  setpgid(0, 0);
  oom_score_.Restore();
  munmap(baton_, sizeof *baton_);  // a daemon that runs wild must not reach it
  baton_ = nullptr;
}

}  // namespace socketd
