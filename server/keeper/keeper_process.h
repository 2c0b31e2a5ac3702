// The keeper's insides (keeper.h says what it is for). One object, whose memory goes on in each
// fork: the keeper, its heir and the daemon have it as it was when they were born.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

#include "server/keeper/back_off.h"
#include "server/keeper/keeper_system.h"
#include "server/keeper/life.h"

namespace socketd {

// How the daemon's process ended.
struct End {
  bool known = false;  // not of a process that was somebody else's child
  int code = 0;
  int status = 0;
};

constexpr pid_t kSomebodyElses = -1;  // the daemon, as seen by an heir: it goes by its pidfd
constexpr int64_t kAgain = 1000;      // milliseconds until what failed is tried again

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
  Numbers own_;   // what the keeper itself had open before the first daemon
  Numbers left_;  // what the last daemon had
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

}  // namespace socketd
