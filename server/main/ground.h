// What stays when a daemon goes and the next one comes: its folders, the lock on them, the folder
// of its control groups, and the keeper that starts one after the other.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"

#include "server/keeper/life.h"
#include "server/kernel/linux_home.h"
#include "server/main/lock_file.h"
#include "server/main/options.h"

namespace socketd {

class Ground {
 public:
  // Before any thread is started. Failures say what to do about them.
  static absl::StatusOr<Ground> Lay(const DaemonOptions& options);

  // Comes back in each daemon that the keeper starts (server/keeper/keeper.h), or at once if
  // nobody is to keep it, or can.
  Life Keep();

  // The folder of control groups, if it is the keeper's.
  const std::optional<ControlHome>& home() const { return home_; }

 private:
  Ground(LockFile lock, bool keep) : lock_(std::move(lock)), keep_(keep) {}

  LockFile lock_;
  bool keep_;
  std::optional<ControlHome> home_;
};

}  // namespace socketd
