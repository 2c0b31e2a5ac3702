// Who is in a group: by the folders of a control group and its sub-groups, or, without control
// groups, by session and process group. Every signal goes through a pidfd that was checked after it
// was opened, so a process id that was used again never hits a stranger. Engine thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/kernel/types.h"

namespace socketd {

std::vector<std::string> SubfoldersOf(int folder);
// Sub-groups that services made, deepest first.
void RemoveSubgroups(int folder);
bool HasSubgroups(int folder);

// The process ids in a control group and all below it.
std::vector<int> GroupMembers(int folder);

// The name, below the folder `base`, of the control group that a process is in; empty: none there.
// `base` is as /proc has it: from the root of the hierarchy.
std::string GroupNameOf(int pid, absl::string_view base);
// The control group of this process, as /proc has it; empty: none.
std::string OwnGroup();

struct Process {
  int pid = 0;
  int pidfd = -1;
};
// The process that `pidfd` holds is in the group with this folder and id, or in a sub-group.
bool InGroup(int folder, uint64_t id, const Process& process);

// Processes whose session or process group is one of these; zombies do not count.
std::vector<int> SessionMembers(const std::vector<int>& sessions);
bool InSession(int pid, const std::vector<int>& sessions);
// By what a living process is found in a session; zeros for one that is gone.
struct SessionOf {
  explicit SessionOf(int pid);
  bool In(const std::vector<int>& sessions) const;
  int process_group = 0;
  int session = 0;
};

struct MemberSignal {
  int signal = 0;
  std::function<std::vector<int>()> list;
  std::function<bool(int pid, int pidfd)> is_member;
};
// Signals all members, again and again until no new one shows up (a bounded number of times).
// SIGCONT follows SIGTERM.
Reached SignalMembers(const MemberSignal& order);

}  // namespace socketd
