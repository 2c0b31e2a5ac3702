#include "server/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <new>

#include "server/keeper/back_off.h"
#include "server/keeper/keeper_system.h"

namespace socketd {
namespace {

constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr pid_t kSomebodyElses = -1;  // the daemon, as seen by an heir: it goes by its pidfd
constexpr int64_t kAgain = 1000;      // milliseconds until what failed is tried again
constexpr int kKeeperGone = SIGUSR1;  // to the heir, which takes no other signal

// How the daemon's process ended.
struct End {
  bool known = false;  // not of a process that was somebody else's child
  int code = 0;
  int status = 0;
};

class Keeper {
 public:
  // False: this machine cannot do it; `what` says why.
  bool Prepare(const char** what);
  // Returns in each daemon.
  Life Watch(void (*at_end)());

 private:
  enum class Role { kKeeper, kHeir, kDaemon };

  void MakeWhoIsMissing();
  void MakeHeir();
  void AwaitInheritance();
  void Inherit();
  void StartDaemon();
  void BecomeDaemon();
  void Wait(int64_t until) const;
  void TakeSignals();
  void PassOn(int signal);
  void Reap();
  void Remember(const siginfo_t& info) const;
  void LookAtDaemon();
  void OnDaemonEnd(const End& end);
  void PlanNext(const End& end);
  void FindLeft();
  [[noreturn]] void Finish(int status);

  Role role_ = Role::kKeeper;
  Life life_;
  CloneTable clone_;
  void (*at_end_)() = nullptr;
  int signals_ = -1;
  pid_t self_ = 0;
  pid_t heir_ = 0;
  pid_t daemon_ = 0;  // 0: there is none
  int daemon_pidfd_ = -1;
  bool parent_ = true;  // of the daemon
  CrashHistory crashes_;
  int64_t started_ = 0;
  int64_t next_start_ = 0;
  int stop_ = 0;           // a signal to stop that the daemon may not have obeyed yet
  bool last_try_ = false;  // to stop in order
  OomScore oom_score_;
};

Numbers own;   // what the keeper itself had open before the first daemon
Numbers left;  // what the last daemon had
Keeper keeper;

int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1'000'000;
}

// All but those that a fault of our own raises; the daemon is born with it.
void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    sigdelset(&all, fault);
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

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
  FindOpen(own);
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
  const int stage = life_.page->stage;
  if (end.known && end.code == CLD_EXITED) {
    if (end.status == EXIT_SUCCESS) Finish(end.status);
    if (life_.number == 1 && stage == SharedPage::kStarting) Finish(end.status);
  }
  if (!end.known && stage == SharedPage::kDone) Finish(EXIT_SUCCESS);
  PlanNext(end);
}

void Keeper::PlanNext(const End& end) {
  const int64_t now = Now();
  // No daemon sends itself SIGKILL. Whoever does wants the next one, or memory.
  const bool killed = end.known && end.code == CLD_KILLED && end.status == SIGKILL &&
                      life_.page->stage == SharedPage::kReady;
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
  left.Clear();
  FindOpen(left);
  own.ForEach([](int number) { left.Remove(number); });
  life_.left = &left;
}

void Keeper::StartDaemon() {
  if (life_.number > 0) {
    // A child of the dead daemon that is not on its own yet keeps the old table as it was.
    UnshareTable();
    if (heir_ != 0) {
      kill(heir_, SIGKILL);
      waitid(P_PID, static_cast<id_t>(heir_), nullptr, WEXITED | __WALL);
      heir_ = 0;
    }
    FindLeft();
  }
  ++life_.number;
  life_.hold = crashes_.hold();
  life_.page->stage = SharedPage::kStarting;
  life_.page->daemon = -1;
  started_ = Now();
  last_try_ = stop_ != 0;
  // Before the daemon, which is never without.
  MakeHeir();
  if (role_ == Role::kHeir) return;
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
}

void Keeper::Finish(int status) {
  if (heir_ != 0) {
    kill(heir_, SIGKILL);
    waitid(P_PID, static_cast<id_t>(heir_), nullptr, WEXITED | __WALL);
  }
  if (at_end_ != nullptr) at_end_();
  _exit(status);
}

}  // namespace

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
