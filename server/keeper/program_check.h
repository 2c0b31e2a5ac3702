// Whether a program could take this one's place, found by asking it: it is run with all of our
// words and --check-take-over, with the memory that it would find, in a process of its own. It has
// to end with 0 and to say "socketd VERSION can take over". Nothing waits for it: the keeper
// looks at it when it says something, ends or is late. Libc only, no allocation.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

#include "server/keeper/keeper_system.h"
#include "server/keeper/life.h"

namespace socketd {

class ProgramCheck {
 public:
  struct Orders {
    const char* program;
    char** arguments;  // of main(), and one more
    char** environment;
    const int* shown;  // descriptors that it is to have, up to a -1
    int64_t limit;     // milliseconds
  };
  // False, with errno: no process can be had.
  bool Start(const CloneTable& clone, const OomScore& oom, const Orders& orders);

  pid_t pid() const { return pid_; }  // 0: nothing is being tried
  int output() const { return output_; }
  int64_t until() const { return pid_ != 0 ? until_ : INT64_MAX; }

  // Takes what it has said. Ends it, if it is late.
  void Look();
  // It has ended. True: it can; `version` is its own. Else `error` says why not.
  bool Conclude(const siginfo_t& end, SharedText<64>& version, UpgradeError& error);
  // Nobody wants to know any more; it is still to be waited for.
  void Abandon();
  // It is another process's, whose copy this is.
  void Disown();

 private:
  void Forget();

  void Listen();
  [[noreturn]] void Run(int output, const OomScore& oom, const Orders& orders) const;

  pid_t pid_ = 0;
  int output_ = -1;
  int64_t until_ = 0;
  int64_t limit_ = 0;
  bool late_ = false;
  char program_[4096] = {};
  char said_[768] = {};
  size_t length_ = 0;
};

}  // namespace socketd
