// What a new child does in the daemon's memory before its exec, and the block it works with. The
// daemon goes on meanwhile, so the block belongs to the child from the clone until the kernel
// clears `busy` (the child has exec'd or is gone); only bare system calls are made.
#pragma once

#include <cstdint>

#include "server/exec/order.h"

namespace socketd {

struct Birth {
  static constexpr unsigned kStackSize = 16 * 1024;  // ample: no buffer of the child is over 4 KiB

  alignas(64) char stack[kStackSize];

  // Written by kernel and child, read by the daemon: always by atomic loads.
  int busy;           // cleared by the kernel (CLONE_CHILD_CLEARTID)
  int unshared;       // the child has its own descriptor table: ours may be closed
  int about_to_exec;  // all that could fail before the exec went well
  exec::Trouble trouble;

  // Written by the daemon before the clone.
  bool shared_files;   // CLONE_FILES: a table of its own is taken first
  int tell;            // an eventfd that is told when that is done
  unsigned drop_from;  // descriptors from here on are not needed
  int cgroup_procs;    // to be written; -1: born in its group
  int* sources;        // what becomes 0, 1, 2, 3, ...
  int source_count;
  int executor;              // O_PATH; -1: the order is obeyed right here
  const char* const* words;  // the order; words[0] is the executor's name
  char* const* environment;
};

extern "C" [[noreturn]] void SocketdBirth(Birth* birth);

}  // namespace socketd
