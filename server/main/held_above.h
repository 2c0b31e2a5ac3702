// What a daemon has held by whoever supervises it (handed.h says how it comes back): its open ports
// in bags, each life's under a name of its own, and the engine's memory. For the time when keeper,
// heir and daemon are killed at once; whatever is left of them needs none of it. A supervisor that
// stores nothing ignores it.
#pragma once

#include "server/keeper/life.h"
#include "server/kernel/linux_deposit.h"
#include "server/main/supervisor.h"

namespace socketd {

class HeldAbove {
 public:
  // Without a supervisor, or with nobody who keeps the daemon, nothing is held; what was held for
  // lives before is given up all the same.
  HeldAbove(const Life& life, const Supervisor& supervisor);

  // Of the kernel floor's deposit; null: nothing is to be held.
  Deposit::Give Giver() const;
  // All that is to be taken over is: what lives before had held is not needed any more.
  void Settle() const;
  // The daemon has stopped in order, and the next one begins anew.
  void Drop() const;

 private:
  const Life life_;
  const Supervisor supervisor_;
  const bool wanted_;
};

}  // namespace socketd
