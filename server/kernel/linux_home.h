// The folder of the daemon's control groups, and the leaf in it that the daemon itself, its keeper
// and its heir live in: processes are in leaves only (cgroups(7), "no internal processes"), and a
// child cloned from a group that was once killed is killed at birth, so the leaf is a fresh one.
#pragma once

#include <string>

namespace socketd {

struct ControlHome {
  std::string base;     // the folder; empty: none can be had
  std::string parent;   // where the daemon was before
  std::string refused;  // why there is none
};

enum class Home { kNone, kNew, kLeft };

// Makes both in the cgroup2 hierarchy, by trying, and moves the caller into the leaf; its children
// are born there. Removes what daemons that are gone have left, as far as it is empty. kLeft: goes
// on in the folder of the last one of them whose services still live there, if there is one.
ControlHome MakeHome(Home wanted);

// A file of proc(5) or sysfs(5), whole; empty if it cannot be read.
std::string TextOfFile(const char* path);

// Puts the caller back and removes what was made, as far as it is empty.
void LeaveHome(const ControlHome& home);

}  // namespace socketd
