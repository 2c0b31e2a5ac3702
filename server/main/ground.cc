#include "server/main/ground.h"

#include <sys/resource.h>
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

// What another program has found it keeps: its services are in groups there, and its limit is
// raised already. With what daemons before have left come their services.
ControlHome HomeOf(const Origin& origin, const Handed& handed) {
  if (!origin.taken_over()) return MakeHome(handed.memory >= 0 ? Home::kLeft : Home::kNew);
  const Legacy legacy = origin.legacy();
  const rlimit files{legacy.files_soft, legacy.files_hard};
  if (files.rlim_max != 0) setrlimit(RLIMIT_NOFILE, &files);
  return {std::string(legacy.home), std::string(legacy.home_parent),
          std::string(legacy.home_refused)};
}

// In the keeper's own memory: its home is removed when the last daemon is gone.
Machine& KeptMachine() {
  static auto& machine = *new Machine;
  return machine;
}

KeepOrders OrdersFor(const Machine& machine, const LockFile& lock, const Handed& handed) {
  KeepOrders orders;
  orders.handed = handed.numbers.get();
  orders.kept = handed.kept.data();
  orders.kept_count = handed.kept.size();
  orders.memory = handed.memory;
  orders.life = handed.life;
  orders.first_life = handed.first_life;
  orders.at_end = [] { LeaveHome(KeptMachine().home); };
  orders.legacy.lock = lock.number();
  orders.legacy.files_soft = machine.files.soft;
  orders.legacy.files_hard = machine.files.hard;
  orders.legacy.home = machine.home.base;
  orders.legacy.home_parent = machine.home.parent;
  orders.legacy.home_refused = machine.home.refused;
  return orders;
}

}  // namespace

absl::StatusOr<Ground> Ground::Lay(const DaemonOptions& options,
                                   const Origin& origin,
                                   Handed handed) {
  // Files that services make have the mode that they ask for; ours are set one by one. The folder
  // it was started in is nobody's to keep; all paths are absolute.
  umask(0022);
  if (chdir("/") != 0) return SystemError(errno, "chdir", {{"path", "/"}});
  FillStandardStreams();
  if (absl::Status made = MakeFolders(options); !made.ok()) return made;
  const std::string path = options.runtime_dir + "/socketd.lock";
  absl::StatusOr<LockFile> lock =
      origin.taken_over() ? LockFile::Adopt(origin.legacy().lock) : LockFile::Take(path);
  if (!lock.ok()) return lock.status();
  return Ground(*std::move(lock), options.keep, origin, std::move(handed));
}

Life Ground::Keep(char** arguments) {
  if (!keep_) return Alone();
  // What takes its time and is the same for all daemons is done once, before the first.
  DirectiveTable::Get();
  KeptMachine() = Probe(HomeOf(origin_, handed_));
  machine_ = std::make_unique<Machine>(KeptMachine());
  KeepOrders orders = OrdersFor(KeptMachine(), lock_, handed_);
  orders.arguments = arguments;
  const Life life = socketd::Keep(origin_, orders);
  machine_->home_is_ours = !life.kept();
  return life.kept() ? life : Alone();
}

// What was handed over is taken over all the same, but for what the engine knew: there is nobody to
// keep that for the next one.
Life Ground::Alone() const {
  Life life;
  life.left = handed_.numbers.get();
  life.number = handed_.life + 1;
  life.last_ready = handed_.first_life;
  if (handed_.memory >= 0) close(handed_.memory);
  return life;
}

}  // namespace socketd
