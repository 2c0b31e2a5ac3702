// What this machine can do, found by trying once at start: never by version numbers. Clones a child
// into a fresh group to see whether it lives, for instance.
#pragma once

#include <string>
#include <vector>

#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_home.h"
#include "server/kernel/types.h"

namespace socketd {

struct Machine {
  std::vector<Capability> capabilities;
  bool shared_files = false;  // close_range(2) with UNSHARE
  bool pidfd_ids = false;     // pidfds with inodes of their own
  bool into_cgroup = false;   // CLONE_INTO_CGROUP, and children survive it
  ControlHome home;
  bool home_is_ours = true;  // to be removed at the end; else it is the keeper's
  uint64_t most_files = 0;   // descriptors that the daemon may have
  Limit files;               // RLIMIT_NOFILE as it was: what services get
};

// Also raises the daemon's own limit of descriptors as far as it may; its children inherit it.
Machine Probe(ControlHome home);

// Orphans of services come to this process: only a parent learns for sure how a process ended.
bool BecomeSubreaper();

// What kinds of sockets there are, and what can be set on them: the capabilities that directives
// need (Directive.needs of proto/socketd/v1/schema.proto).
std::vector<Capability> ProbeSockets();

// Puts the daemon back as it was.
void Leave(const Machine& machine);

}  // namespace socketd
