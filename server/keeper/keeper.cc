#include "server/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

bool Keeper::PrepareSignals(const char** what) {
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
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

bool Keeper::PrepareMemory(const char** what) {
  *what = "memfd_create";
  void* const page = MakeShared("socketd-page", sizeof(SharedPage), &page_number_);
  if (page == nullptr) return false;
  life_.page = new (page) SharedPage;
  for (size_t i = 0; i < orders_.kept_count; ++i)
    life_.page->arrivals.Restore(orders_.kept[i]);
  void* const baton = MakeShared("socketd-baton", sizeof(Baton), &baton_number_);
  if (baton == nullptr) return false;
  baton_ = new (baton) Baton;
  life_.memory = orders_.memory >= 0 ? RaisedNumber(orders_.memory) : MakeMemory("socketd-memory");
  if (life_.memory < 0) return false;
  *what = "eventfd";
  life_.bell = RaisedNumber(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  life_.knock = RaisedNumber(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  life_.number = orders_.life;
  life_.last_ready = orders_.first_life;
  return life_.bell >= 0 && life_.knock >= 0;
}

bool Keeper::Prepare(const Origin& origin, const KeepOrders& orders, const char** what) {
  *what = "clone";
  if (!clone_.Prepare()) return false;
  orders_ = orders;
  const bool memory = origin.taken_over() ? TakeOver(origin, what) : PrepareMemory(what);
  if (!memory || !PrepareSignals(what)) return false;
  if (!origin.taken_over()) oom_score_.Lower();
  no_upgrades_ = PrepareUpgrades(origin, orders);
  if (!origin.taken_over()) FindOpen(own_);
  if (orders.handed != nullptr) orders.handed->ForEach([this](int number) { own_.Remove(number); });
  for (const int number : {baton_number_, page_number_, life_.memory, life_.bell, life_.knock,
                           signals_, program_number_})
    own_.Add(number);
  self_ = getpid();
  life_.page->keeper = self_;
  life_.program = program_.bytes;
  return true;
}

Life Keeper::Watch() {
  Name("socketd-keeper");
  for (;;) {
    if (role_ == Role::kHeir) AwaitInheritance();
    if (role_ == Role::kKeeper) MakeWhoIsMissing();
    if (role_ == Role::kDaemon) return life_;
    if (role_ == Role::kHeir) continue;
    const int64_t soon = heir_ == 0 ? Now() + kAgain : INT64_MAX;
    Wait(std::min({daemon_ == 0 ? next_start_ : soon, check_.until(), trial_until_}));
    TakeSignals();
    Reap();
    LookAtDaemon();
    if (role_ == Role::kKeeper) LookAtUpgrade();
  }
}

void Keeper::Wait(int64_t until) const {
  pollfd sources[] = {{signals_, POLLIN, 0},
                      {daemon_ != 0 ? daemon_pidfd_ : -1, POLLIN, 0},
                      {life_.knock, POLLIN, 0},
                      {check_.output(), POLLIN, 0}};
  const int64_t left = until - Now();
  const int limit = until == INT64_MAX ? -1 : left < 0 ? 0 : static_cast<int>(left);
  poll(sources, 4, limit);
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
  EndHeir();
  EndGuard();
  if (orders_.at_end != nullptr) orders_.at_end();
  _exit(status);
}

Life Keep(const Origin& origin, const KeepOrders& orders) {
  const char* what = "";
  if (keeper.Prepare(origin, orders, &what)) return keeper.Watch();
  if (origin.taken_over()) {
    GiveBack(origin, what);
    _exit(EXIT_FAILURE);
  }
  Say("nobody will keep the daemon: %s: %s", what, ErrorText(errno));
  return {};
}

void SayReady(const Life& life) {
  if (!life.kept()) return;
  Upgrade& upgrade = life.page->upgrade;
  if (upgrade.ended == 0) {
    upgrade.ended = NowMicroseconds();
    upgrade.at = SecondsSince1970();
  }
  life.page->stage = SharedPage::kReady;
  int trial = Upgrade::kTrial;
  upgrade.state.compare_exchange_strong(trial, Upgrade::kDone);
  Ring(life.knock);
}

void SayDone(const Life& life) {
  if (life.kept()) life.page->stage = SharedPage::kDone;
}

bool AskForUpgrade(const Life& life, const UpgradeQuestion& question) {
  Upgrade& upgrade = life.page->upgrade;
  const int state = upgrade.state;
  const bool busy = state == Upgrade::kAsked || state == Upgrade::kFit || state == Upgrade::kGo ||
                    state == Upgrade::kTrial;
  if (busy || !upgrade.wanted.Set(question.program)) return false;
  upgrade.from_version.Set(question.version);
  upgrade.to_version.Set("");
  upgrade.error.Set("");
  upgrade.limit = question.limit;
  upgrade.began = upgrade.ended = 0;
  upgrade.state = Upgrade::kAsked;
  Ring(life.knock);
  return true;
}

void LetGo(const Life& life) {
  Upgrade& upgrade = life.page->upgrade;
  upgrade.began = NowMicroseconds();
  int fit = Upgrade::kFit;
  if (!upgrade.state.compare_exchange_strong(fit, Upgrade::kGo)) return;
  Ring(life.knock);
  poll(nullptr, 0, upgrade.limit);
  upgrade.error.Set("the keeper did not take the daemon's place");
  int go = Upgrade::kGo;
  upgrade.state.compare_exchange_strong(go, Upgrade::kFailed);
}

void CallOff(const Life& life, std::string_view why) {
  Upgrade& upgrade = life.page->upgrade;
  int fit = Upgrade::kFit;
  int asked = Upgrade::kAsked;
  if (upgrade.state.compare_exchange_strong(fit, Upgrade::kFailed) ||
      upgrade.state.compare_exchange_strong(asked, Upgrade::kFailed))
    upgrade.error.Set(why);
}

int MainProcess(const Life& life) {
  return life.kept() ? life.page->keeper.load() : getpid();
}

}  // namespace socketd
