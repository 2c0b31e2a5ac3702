// What this machine can do, found by trying once at start: never by version numbers. Makes the
// daemon's own folder in the cgroup2 hierarchy, moves the daemon into a fresh leaf of it (a child
// cloned from a group that was once killed is killed at birth), and clones a child into a fresh
// group to see whether it lives.
#pragma once

#include <string>
#include <vector>

#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

struct Machine {
  std::vector<Capability> capabilities;
  bool shared_files = false;  // close_range(2) with UNSHARE
  bool pidfd_ids = false;     // pidfds with inodes of their own
  bool into_cgroup = false;   // CLONE_INTO_CGROUP, and children survive it
  std::string cgroup_base;    // the folder for our groups; empty: none
  std::string cgroup_refused;
  std::string cgroup_home;  // where the daemon was before
  uint64_t most_files = 0;  // descriptors that the daemon may have
  Limit files;              // RLIMIT_NOFILE as it was: what services get
};

// Also raises the daemon's own limit of descriptors as far as it may, and makes it the sub-reaper
// of what its services leave behind: only a parent learns for sure how a process ended.
Machine Probe(bool control_groups);

// What kinds of sockets there are, and what can be set on them: the capabilities that directives
// need (Directive.needs of proto/socketd/v1/schema.proto).
std::vector<Capability> ProbeSockets();

// Puts the daemon back as it was and removes what Probe made, as far as it is empty.
void Leave(const Machine& machine);

}  // namespace socketd
