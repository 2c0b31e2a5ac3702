// Where this process comes from: started by somebody, or put into the place of another program
// that kept daemons here before (keeper.h). Libc only.
#pragma once

#include <cstdint>

#include "server/keeper/baton.h"

namespace socketd {

// What one program leaves to the next, besides what is open.
struct Legacy {
  int lock = -1;  // the number of the daemon's lock
  // RLIMIT_NOFILE as it was when the first program began.
  uint64_t files_soft = 0;
  uint64_t files_hard = 0;
  // The folder of control groups (server/kernel/linux_home.h).
  std::string_view home;
  std::string_view home_parent;
  std::string_view home_refused;
};

struct Origin {
  SharedText<4096> program;  // its path, absolute; empty: unknown
  Baton* baton = nullptr;    // null: nobody kept daemons here before
  int number = -1;           // of the baton
  // Why what is there cannot be taken over; null: it can.
  const char* refused = nullptr;

  bool taken_over() const { return baton != nullptr; }
  Legacy legacy() const;
  SharedPage* OpenPage() const;  // null: it cannot be had
};

// To be called before the working folder changes and before any thread is started. Takes the
// variable out of the environment.
Origin FindOrigin();

// Executes the old program again, if there is one; comes back if that cannot be.
void GiveBack(const Origin& origin, std::string_view why);

// Whether what is open stays open over an exec.
void KeepOverExec(bool stays);
// The environment with the baton's number, until the next call; null: no memory.
char** EnvironmentWith(int baton);
// As GiveBack, with nothing prepared.
void ExecuteOld(const Baton& baton, char** environment);

}  // namespace socketd
