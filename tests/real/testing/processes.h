// Looking at processes from outside, through /proc, and running other people's programs.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace socketd::real {

// False too for a zombie.
bool Alive(int pid);
// How many descriptors a process has open.
int DescriptorCount(int pid);
// The children of a process that has one thread.
std::vector<int> ChildrenOf(int pid);
// Ends a process, and before it all its children: while it is stopped it can replace none of them.
// It must be a child of the test's; how it ended is still to be waited for.
void KillWithChildren(int pid);
// Living processes whose environment has `entry`, as "SOCKETD_TEST=kill-1".
std::vector<int> WithEnvironment(absl::string_view entry);
// The words that a process was started with, with spaces between. "": gone, a zombie, or between
// two programs.
std::string CommandLine(int pid);
// The path of the process's control group in the unified hierarchy.
std::string ControlGroup(int pid);
// Waits until a process is gone, at most 20 s; how long that took.
absl::Duration AwaitEnd(int pid);
// Ends what a test left behind on purpose, through a pidfd.
void Kill(int pid);

struct ProgramResult {
  int status = -1;  // exit status; 128 and more: ended by a signal
  std::string output;
};

// Runs argv[0] (a full path) to its end, at most 30 s; its standard output, with standard error if
// `with_errors`.
ProgramResult Execute(std::vector<std::string> argv, bool with_errors = false);

// A program that runs meanwhile.
class Background {
 public:
  explicit Background(std::vector<std::string> argv);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ProgramResult Wait();
  int pid() const { return pid_; }

 private:
  int pid_ = 0;
  int output_ = -1;
};

}  // namespace socketd::real
