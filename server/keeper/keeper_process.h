// The keeper's insides (keeper.h says what it is for). One object, whose memory goes on in each
// fork: the keeper, its heir and the daemon have it as it was when they were born.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

#include "server/keeper/back_off.h"
#include "server/keeper/baton.h"
#include "server/keeper/keeper.h"
#include "server/keeper/keeper_system.h"
#include "server/keeper/life.h"
#include "server/keeper/origin.h"
#include "server/keeper/program_check.h"

namespace socketd {

// How the daemon's process ended.
struct End {
  bool known = false;  // not of a process that was somebody else's child
  int code = 0;
  int status = 0;
};

constexpr pid_t kSomebodyElses = -1;  // the daemon, as seen by an heir: it goes by its pidfd
constexpr int64_t kAgain = 1000;      // milliseconds until what failed is tried again
constexpr int kKeeperGone = SIGUSR1;  // to the heir, which takes no other signal

class Keeper {
 public:
  // False: this machine cannot do it; `what` says why.
  bool Prepare(const Origin& origin, const KeepOrders& orders, const char** what);
  // Returns in each daemon.
  Life Watch();

 private:
  enum class Role { kKeeper, kHeir, kDaemon };

  bool PrepareSignals(const char** what);
  bool PrepareMemory(const char** what);
  const char* PrepareUpgrades(const Origin& origin, const KeepOrders& orders);

  void MakeWhoIsMissing();
  void MakeHeir();
  void AwaitInheritance();
  int64_t GuardedUntil() const;
  void Guard(pid_t keeper) const;
  void Inherit();
  void InheritUpgrade();
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
  void EndHeir();
  [[noreturn]] void Finish(int status);

  // ---- upgrades ----
  bool TakeOver(const Origin& origin, const char** what);
  void TakeOffice();
  void LookAtUpgrade();
  void StartCheck();
  void OnCheckEnd(const siginfo_t& end);
  void Refuse(const char* what, int error) const;
  void PassNumbers();
  void PassProgram();
  void Leave();
  void Stay(const char* why);
  void LookAtTrial();
  bool OnTrialEnd(const End& end);
  void GoBack();
  void EndTrial();
  void DropUpgrade();
  void EndGuard();

  Role role_ = Role::kKeeper;
  Life life_;
  Numbers own_;   // what the keeper itself had open before the first daemon
  Numbers left_;  // what the last daemon had
  CloneTable clone_;
  KeepOrders orders_;
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

  // ---- upgrades ----
  Baton* baton_ = nullptr;  // null in a daemon
  int baton_number_ = -1;
  int page_number_ = -1;
  int program_number_ = -1;  // this program, held open
  SharedText<4096> program_;
  int generation_ = 1;
  const char* no_upgrades_ = nullptr;  // why there can be none
  char* check_arguments_[Baton::kMostArguments + 2] = {};
  char** environment_ = nullptr;
  ProgramCheck check_;
  SharedText<4096> wanted_;
  int limit_ = 0;          // milliseconds
  bool fit_ = false;       // `wanted_` was found to be
  bool leaving_ = false;   // the daemon is ended for an upgrade
  bool arriving_ = false;  // the heirs of the program before are still those who count
  bool trial_ = false;     // of the first daemon of this program
  bool late_ = false;      // it was not ready in time
  int64_t trial_until_ = INT64_MAX;
  pid_t guard_ = 0;  // the heir of the program before; 0: there is none
};

}  // namespace socketd
