#include "server/main/ground.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "server/base/errors.h"
#include "server/keeper/keeper.h"
#include "server/kernel/linux_kernel.h"
#include "server/unit/directive_table.h"

namespace socketd {
namespace {

absl::Status MakeFolder(const std::string& path, mode_t mode) {
  std::error_code error;
  const bool existed = std::filesystem::exists(path, error);
  std::filesystem::create_directories(path, error);
  if (error) return SystemError(error.value(), "mkdir", {{"path", path}});
  if (!existed && chmod(path.c_str(), mode) != 0)
    return SystemError(errno, "chmod", {{"path", path}});
  return absl::OkStatus();
}

// Whoever else could write there could take the place of our sockets and of our lock.
absl::Status CheckOwn(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return SystemError(errno, "stat", {{"path", path}});
  const bool safe = (status.st_uid == 0 || status.st_uid == geteuid()) &&
                    (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (safe) return absl::OkStatus();
  return SystemError(EPERM, "open", {{"path", path}}, "FOLDER_NOT_SAFE");
}

absl::Status MakeFolders(const DaemonOptions& options) {
  // Services of other users find the notify and the hand-over socket in there.
  if (absl::Status made = MakeFolder(options.runtime_dir, 0755); !made.ok()) return made;
  if (absl::Status own = CheckOwn(options.runtime_dir); !own.ok()) return own;
  if (absl::Status made = MakeFolder(options.state_dir, 0700); !made.ok()) return made;
  return MakeFolder(options.create_path, 0700);
}

// In the keeper's own memory: its home is removed when the last daemon is gone.
const Machine& KeptMachine() {
  static const auto& machine = *new Machine(Probe(MakeHome(true)));
  return machine;
}

}  // namespace

absl::StatusOr<Ground> Ground::Lay(const DaemonOptions& options) {
  // Files that services make have the mode that they ask for; ours are set one by one. The folder
  // it was started in is nobody's to keep; all paths are absolute.
  umask(0022);
  if (chdir("/") != 0) return SystemError(errno, "chdir", {{"path", "/"}});
  FillStandardStreams();
  if (absl::Status made = MakeFolders(options); !made.ok()) return made;
  absl::StatusOr<LockFile> lock = LockFile::Take(options.runtime_dir + "/socketd.lock");
  if (!lock.ok()) return lock.status();
  return Ground(*std::move(lock), options.keep);
}

Life Ground::Keep() {
  if (!keep_) return {};
  // What takes its time and is the same for all daemons is done once, before the first.
  DirectiveTable::Get();
  machine_ = std::make_unique<Machine>(KeptMachine());
  const Life life = socketd::Keep([] { LeaveHome(KeptMachine().home); });
  machine_->home_is_ours = !life.kept();
  return life;
}

}  // namespace socketd
