// Another program takes this one's place: the check, the way there, the trial, the way back.
// Everything that can end in between is said in baton.h.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "server/keeper/keeper_process.h"

namespace socketd {
namespace {

constexpr int kLeastLimit = 100;  // milliseconds
constexpr int kMostLimit = 600'000;

}  // namespace

// ---- before the first daemon ----

// Null: there can be upgrades. Else why not.
const char* Keeper::PrepareUpgrades(const Origin& origin, const KeepOrders& orders) {
  program_ = origin.program;
  program_number_ = OpenOwnProgram();
  environment_ = EnvironmentWith(baton_number_);
  size_t size = 0;
  int count = 0;
  for (char** word = orders.arguments; word != nullptr && *word != nullptr; ++word) {
    size += strlen(*word) + 1;
    if (count == Baton::kMostArguments || size > sizeof baton_->arguments)
      return "the command line of this program is too long to be passed on";
    check_arguments_[count++] = *word;
  }
  static char last[] = "--check-take-over";
  check_arguments_[count] = last;
  if (count == 0) return "this program has no command line to be passed on";
  if (environment_ == nullptr) return "there was no memory for it when the keeper began";
  return program_number_ >= 0 ? nullptr : "there is no way back: /proc/self/exe cannot be opened";
}

// This process kept daemons already, under another program: what that had is its own now.
bool Keeper::TakeOver(const Origin& origin, const char** what) {
  *what = "mmap";
  baton_ = origin.baton;
  baton_number_ = origin.number;
  page_number_ = baton_->page;
  life_.page = origin.OpenPage();
  if (life_.page == nullptr) return false;
  KeepOverExec(false);
  for (int i = 0; i < std::min(baton_->own_count, Baton::kMostOwn); ++i)
    own_.Add(baton_->own[i]);
  own_.Remove(baton_->signals);
  close(baton_->signals);
  life_.memory = baton_->memory;
  life_.bell = baton_->bell;
  life_.knock = baton_->knock;
  life_.number = baton_->life;
  life_.page->daemon = -1;
  oom_score_.TakeOver(baton_->oom.bytes);
  stop_ = baton_->stop;
  guard_ = baton_->guard;
  generation_ = ++baton_->generations;
  arriving_ = true;
  trial_ = baton_->phase == Baton::kLeaving;
  baton_->trial = trial_ ? 1 : 0;
  Upgrade& upgrade = life_.page->upgrade;
  limit_ = std::clamp(upgrade.limit, kLeastLimit, kMostLimit);
  if (trial_) {
    trial_until_ = Now() + limit_;
    return true;
  }
  own_.Remove(baton_->before);
  close(baton_->before);
  if (!baton_->error.view().empty()) upgrade.error = baton_->error;
  upgrade.state = Upgrade::kFailed;
  return true;
}

// There is an heir: from here on it is this program whose heirs count.
void Keeper::TakeOffice() {
  arriving_ = false;
  baton_->owner = generation_;
  baton_->phase = Baton::kHome;
  if (!trial_) EndGuard();
}

// ---- the check ----

void Keeper::LookAtUpgrade() {
  uint64_t knocks = 0;
  if (read(life_.knock, &knocks, sizeof knocks) < 0 && errno != EAGAIN) return;
  if (trial_) LookAtTrial();
  check_.Look();
  const int state = life_.page->upgrade.state;
  if (state == Upgrade::kAsked && check_.pid() == 0) StartCheck();
  if (state != Upgrade::kGo || daemon_ == 0 || leaving_) return;
  leaving_ = true;
  SendSignal(daemon_pidfd_, SIGKILL);
}

void Keeper::Refuse(const char* what, int error) const {
  life_.page->upgrade.error.Format("%s%s", what, error != 0 ? ErrorText(error) : "");
  life_.page->upgrade.state = Upgrade::kUnfit;
  Ring(life_.bell);
}

void Keeper::StartCheck() {
  const Upgrade& upgrade = life_.page->upgrade;
  fit_ = false;
  if (no_upgrades_ != nullptr) return Refuse(no_upgrades_, 0);
  wanted_.Set(upgrade.wanted.view());
  limit_ = std::clamp(upgrade.limit, kLeastLimit, kMostLimit);
  PassNumbers();
  PassProgram();
  const int shown[] = {baton_number_, page_number_, life_.memory, -1};
  if (!check_.Start(clone_, oom_score_,
                    {wanted_.bytes, check_arguments_, environment_, shown, limit_}))
    Refuse("no process can be had to try the program: ", errno);
}

void Keeper::OnCheckEnd(const siginfo_t& end) {
  Upgrade& upgrade = life_.page->upgrade;
  fit_ = check_.Conclude(end, upgrade.to_version, upgrade.error);
  upgrade.state = fit_ ? Upgrade::kFit : Upgrade::kUnfit;
  Ring(life_.bell);
}

// Who asked is gone.
void Keeper::DropUpgrade() {
  fit_ = false;
  if (check_.pid() != 0) check_.Abandon();
  Upgrade& upgrade = life_.page->upgrade;
  const int state = upgrade.state;
  if (state != Upgrade::kAsked && state != Upgrade::kFit && state != Upgrade::kGo) return;
  upgrade.error.Set("the daemon ended before it let go");
  upgrade.state = Upgrade::kFailed;
}

// ---- the way there ----

void Keeper::PassNumbers() {
  int count = 0;
  own_.ForEach([&](int number) {
    if (count < Baton::kMostOwn) baton_->own[count++] = number;
  });
  baton_->own_count = count;
  baton_->page = page_number_;
  baton_->memory = life_.memory;
  baton_->bell = life_.bell;
  baton_->knock = life_.knock;
  baton_->signals = signals_;
  baton_->stop = stop_;
}

void Keeper::PassProgram() {
  baton_->before = program_number_;
  baton_->program = program_;
  baton_->error.Set("");
  baton_->oom.Set(oom_score_.before());
  baton_->lock = orders_.legacy.lock;
  baton_->files_soft = orders_.legacy.files_soft;
  baton_->files_hard = orders_.legacy.files_hard;
  baton_->home.Set(orders_.legacy.home);
  baton_->home_parent.Set(orders_.legacy.home_parent);
  baton_->home_refused.Set(orders_.legacy.home_refused);
  size_t at = 0;
  int count = 0;
  for (char** word = orders_.arguments; *word != nullptr; ++word) {
    const size_t size = strlen(*word) + 1;
    memcpy(baton_->arguments + at, *word, size);
    at += size;
    ++count;
  }
  baton_->argument_count = count;
}

// The daemon is gone. Comes back as keeper if the program cannot be executed, and as heir.
void Keeper::Leave() {
  leaving_ = false;
  if (!fit_) return Stay("the keeper was killed meanwhile");
  if (stop_ != 0) return Stay("the daemon was told to stop");
  life_.page->daemon = -1;
  siginfo_t ended{};
  const bool dead =
      waitid(P_PID, static_cast<id_t>(heir_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      ended.si_pid != 0;
  if (dead) EndHeir();
  if (heir_ == 0) MakeHeir();
  if (role_ == Role::kHeir) return;
  if (heir_ == 0) return Stay("there is no room for an heir");
  Say("handing over to %s", wanted_.bytes);
  PassNumbers();
  PassProgram();
  life_.page->upgrade.state = Upgrade::kTrial;
  baton_->guard = heir_;
  baton_->guard_generation = generation_;
  baton_->until = Now() + limit_;
  baton_->phase = Baton::kLeaving;
  kill(heir_, kKeeperGone);
  // The heir keeps what is open as it was, whatever becomes of us.
  const bool own_table = UnshareTable();
  if (own_table) {
    KeepOverExec(true);
    execve(wanted_.bytes, orders_.arguments, environment_);
  }
  life_.page->upgrade.error.Format("%s cannot be executed: %s", wanted_.bytes, ErrorText(errno));
  if (own_table) KeepOverExec(false);
  baton_->phase = Baton::kHome;
  Stay(nullptr);
}

// The old program goes on; the next daemon starts at once. `why`: null if that is said already.
void Keeper::Stay(const char* why) {
  Upgrade& upgrade = life_.page->upgrade;
  if (why != nullptr) upgrade.error.Set(why);
  fit_ = false;
  upgrade.state = Upgrade::kFailed;
  Say("the upgrade has failed: %s", upgrade.error.bytes);
  next_start_ = Now();
}

// ---- the trial ----

void Keeper::LookAtTrial() {
  if (late_) return;
  if (life_.page->stage == SharedPage::kReady) return EndTrial();
  if (Now() < trial_until_) return;
  trial_until_ = INT64_MAX;
  Upgrade& upgrade = life_.page->upgrade;
  int trial = Upgrade::kTrial;
  upgrade.error.Format("the new daemon was not ready within %d ms", limit_);
  // Who is ready in this very instant is in time.
  if (!upgrade.state.compare_exchange_strong(trial, Upgrade::kFailed) && trial == Upgrade::kDone)
    return EndTrial();
  late_ = true;
  if (daemon_ == 0) return GoBack();
  SendSignal(daemon_pidfd_, SIGKILL);
}

// False: it ended, but nobody goes back for it.
bool Keeper::OnTrialEnd(const End& end) {
  if (!late_ && life_.page->stage == SharedPage::kReady) {
    EndTrial();
    return false;
  }
  // No daemon sends itself SIGKILL.
  const bool killed = end.known && end.code == CLD_KILLED && end.status == SIGKILL;
  if (!late_ && killed) return false;
  if (!late_) {
    const char* const how = end.code == CLD_EXITED ? "exited with" : "was killed by signal";
    UpgradeError& error = life_.page->upgrade.error;
    error.Set("the new daemon ended before it was ready");
    if (end.known) error.Format("the new daemon %s %d before it was ready", how, end.status);
    life_.page->upgrade.state = Upgrade::kFailed;
  }
  GoBack();
  return true;
}

// The heir that was made before would take what is closed here for the keeper's own.
void Keeper::EndTrial() {
  EndHeir();
  trial_ = false;
  late_ = false;
  trial_until_ = INT64_MAX;
  baton_->trial = 0;
  baton_->layout = Baton::kLayout;
  own_.Remove(baton_->before);
  close(baton_->before);
  EndGuard();
}

void Keeper::EndGuard() {
  if (guard_ == 0) return;
  EndChild(guard_);
  guard_ = 0;
}

// Comes back only if the old program cannot be executed and nobody else has it.
void Keeper::GoBack() {
  Say("going back to the program before: %s", life_.page->upgrade.error.bytes);
  // Whoever is to take over should that fail: first the heir that stayed behind.
  const bool guarded = guard_ != 0;
  baton_->guard = guarded ? guard_ : heir_;
  baton_->until = Now() + limit_;
  baton_->error.Set(life_.page->upgrade.error.view());
  baton_->phase = Baton::kReturning;
  if (guarded) baton_->owner = baton_->guard_generation.load();
  if (baton_->guard != 0) kill(baton_->guard, kKeeperGone);
  if (guarded) EndHeir();
  PassNumbers();
  UnshareTable();
  close(program_number_);
  ExecuteOld(*baton_, environment_);
  Say("the program before cannot be executed: %s", ErrorText(errno));
  if (guarded) _exit(EXIT_FAILURE);
  KeepOverExec(false);
  baton_->phase = Baton::kHome;
  program_number_ = OpenOwnProgram();
  EndTrial();
  next_start_ = Now();
}

}  // namespace socketd
