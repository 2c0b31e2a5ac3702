// What stays when a daemon goes and the next one comes: its folders, the lock on them, the folder
// of its control groups, what was found out about the machine, and the keeper. All but what was
// found out stays when another program takes over, too.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"

#include "server/keeper/life.h"
#include "server/keeper/origin.h"
#include "server/kernel/linux_probe.h"
#include "server/main/handed.h"
#include "server/main/lock_file.h"
#include "server/main/options.h"

namespace socketd {

class Ground {
 public:
  // Before any thread is started. Failures say what to do about them. `origin` outlives the ground;
  // where it says that another program was here before, what that had is taken over. `handed`: by
  // whoever supervises us.
  static absl::StatusOr<Ground> Lay(const DaemonOptions& options,
                                    const Origin& origin,
                                    Handed handed);

  // Comes back in each daemon that the keeper starts (server/keeper/keeper.h), or at once if
  // nobody is to keep it, or can. `arguments` are those of main().
  Life Keep(char** arguments);

  // What the keeper has found out for all daemons.
  const Machine* machine() const { return machine_.get(); }

 private:
  Ground(LockFile lock, bool keep, const Origin& origin, Handed handed)
      : lock_(std::move(lock)), keep_(keep), origin_(origin), handed_(std::move(handed)) {}

  Life Alone() const;

  LockFile lock_;
  bool keep_;
  const Origin& origin_;
  Handed handed_;
  std::unique_ptr<Machine> machine_;  // none: nobody keeps
};

}  // namespace socketd
