// What the keeper asks of the system, with the calls that libc has no words for.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "server/keeper/life.h"

namespace socketd {

// Forks that share the table of descriptors and nothing else. Threads of libc's may be started in
// them as in any fork.
class CloneTable {
 public:
  // False, with errno: this machine cannot.
  bool Prepare();
  // As fork(2). `pidfd`: where the child's pidfd is noted before it runs, or null.
  pid_t Fork(std::atomic<int>* pidfd) const;
  // The same for a child with a copy of the table.
  pid_t ForkApart() const;

 private:
  pid_t Clone(uint64_t flags, std::atomic<int>* pidfd) const;

  int* thread_id_ = nullptr;  // where libc keeps that of the first thread
};

// From here on this process has a table of its own. False: without memory for one it goes on as it
// is.
bool UnshareTable();

// Adds all numbers from 3 on that are open.
void FindOpen(Numbers& numbers);
// The same at a number that nothing looks at; children need not copy it.
int RaisedNumber(int number);
// A memfd that never shrinks, empty. -1, with errno.
int MakeMemory(const char* name);
// One of a size, mapped. Null, with errno.
void* MakeShared(const char* name, size_t size, int* number);

// This very program, also when its file is gone. -1: it cannot be had.
int OpenOwnProgram();

int OpenPidfd(pid_t pid);
void SendSignal(int pidfd, int signal);
// Kills a child and waits for its end, a second at most: what only it had open may take its time to
// close. It is an orphan as others then.
void EndChild(pid_t pid);
// How a process ended that was somebody else's child (PIDFD_GET_INFO, Linux 6.15). False: unknown.
bool ExitByPidfd(int pidfd, int* code, int* status);

// Of a clock that never runs backwards.
int64_t Now();  // milliseconds
int64_t NowMicroseconds();
// Of the wall's.
int64_t SecondsSince1970();
void Ring(int bell);
void Name(const char* name);
// A line on stderr; dropped if that is full, as nobody may hold the keeper.
__attribute__((format(printf, 1, 2))) void Say(const char* format, ...);
const char* ErrorText(int error);

// oom_score_adj(5) of proc: the last one that the kernel should take, where we may say so. Children
// inherit it, so the daemon puts back what it was.
class OomScore {
 public:
  void Lower();
  void Restore() const;
  // What it was; empty: it was not lowered. For the next program in this process.
  const char* before() const { return lowered_ ? before_ : ""; }
  void TakeOver(const char* before);

 private:
  char before_[16] = {};
  bool lowered_ = false;
};

}  // namespace socketd
