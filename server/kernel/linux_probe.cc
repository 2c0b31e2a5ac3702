#include "server/kernel/linux_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_birth.h"

namespace socketd {
namespace {

constexpr int kProbePatience = 1000;  // milliseconds

struct Ended {
  bool ended = false;
  bool killed = false;
};

// A child that obeys an order with an unknown word: it ends by itself, having touched nothing.
absl::StatusOr<Ended> TryChild(const Births::Clone& clone) {
  static char* no_environment[] = {nullptr};
  Births births;
  BirthBlock* block = births.Acquire();
  if (block == nullptr) return SystemError(ENOMEM, "mmap");
  block->words = {"socketd-probe", "?", nullptr};
  block->birth->words = block->words.data();
  block->birth->environment = no_environment;
  block->birth->source_count = 0;
  block->birth->cgroup_procs = -1;
  block->birth->executor = -1;
  block->birth->drop_from = kHighNumber;
  absl::StatusOr<Births::Born> born = Births::Start(*block, clone);
  if (!born.ok()) return born.status();
  pollfd end{born->pidfd.get(), POLLIN, 0};
  Ended ended;
  ended.ended = poll(&end, 1, kProbePatience) == 1;
  if (!ended.ended)
    PidfdSignal(born->pidfd.get(), SIGKILL, 0);  // nobody must be left in our memory
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(born->pidfd.get()), &info, WEXITED) == 0)
    ended.killed = info.si_code == CLD_KILLED && info.si_status == SIGKILL;
  births.Release(block);
  return ended;
}

void Add(Machine& machine, absl::string_view name, bool available, std::string detail) {
  machine.capabilities.push_back({std::string(name), available, std::move(detail)});
}

void ProbeClone(Machine& machine) {
  const UniqueFd told(eventfd(0, EFD_CLOEXEC));
  absl::StatusOr<Ended> ended = TryChild({.cgroup = -1, .shared_files = true, .tell = told.get()});
  machine.shared_files = ended.ok() && ended->ended && !ended->killed;
  Add(machine, "close-range", machine.shared_files,
      machine.shared_files ? "children copy low descriptors only"
                           : "children copy the whole descriptor table");
}

void ProbeIntoCgroup(Machine& machine) {
  const std::string path = absl::StrCat(machine.home.base, "/probe");
  if (mkdir(path.c_str(), 0755) != 0) return;
  const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  absl::StatusOr<Ended> ended = TryChild({.cgroup = folder.get(), .shared_files = false});
  machine.into_cgroup = ended.ok() && ended->ended && !ended->killed;
  std::string detail = "children are born in their group";
  if (!machine.into_cgroup) {
    detail = absl::StrCat("children move themselves into their group: ",
                          ended.ok() ? "killed at birth" : std::string(ended.status().message()));
  }
  Add(machine, "clone-into-cgroup", machine.into_cgroup, std::move(detail));
  const bool kill_file = access(absl::StrCat(path, "/cgroup.kill").c_str(), W_OK) == 0;
  Add(machine, "cgroup-kill", kill_file,
      kill_file ? "one write kills a group" : "a group is killed process by process");
  rmdir(path.c_str());
}

void ProbeCgroups(Machine& machine) {
  const bool found = machine.home.refused.empty();
  Add(machine, "control-groups", found,
      found ? machine.home.base
            : absl::StrCat("groups are sessions and process groups: ", machine.home.refused));
  if (found) ProbeIntoCgroup(machine);
}

void ProbePidfd(Machine& machine) {
  const UniqueFd pidfd(PidfdOpen(getpid()));
  Add(machine, "pidfd", static_cast<bool>(pidfd), pidfd ? "" : "processes cannot be watched");
  PidfdInfo info;
  info.mask = PidfdInfo::kPid | PidfdInfo::kCgroup;
  const bool knows = PidfdAsk(pidfd.get(), info);
  Add(machine, "pidfd-info", knows,
      knows ? "the group of a process is asked of its pidfd" : "groups are read from cgroup.procs");
  struct statfs file_system{};
  constexpr auto kPidFsMagic = 0x50494446;  // PID_FS_MAGIC
  machine.pidfd_ids = fstatfs(pidfd.get(), &file_system) == 0 && file_system.f_type == kPidFsMagic;
  Add(machine, "pidfd-id", machine.pidfd_ids,
      machine.pidfd_ids ? "LISTEN_PIDFDID is set" : "no LISTEN_PIDFDID");
  const bool group = PidfdSignal(pidfd.get(), 0, kPidfdSignalGroup) == 0;
  Add(machine, "pidfd-process-group", group,
      group ? "" : "process groups are signalled by number while their leader is held");
}

void RaiseLimits(Machine& machine) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  machine.files = {RLIMIT_NOFILE, limit.rlim_cur, limit.rlim_max};
  machine.most_files = limit.rlim_cur;
  rlim_t most = limit.rlim_max;
  uint64_t system_most = 0;
  const std::string text = TextOfFile("/proc/sys/fs/nr_open");
  if (absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &system_most) && system_most > most) {
    const rlimit wanted{system_most, system_most};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) most = system_most;
  }
  limit.rlim_cur = most;
  limit.rlim_max = std::max(limit.rlim_max, most);
  const bool raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
  if (raised) machine.most_files = most;
  Add(machine, "descriptors", raised, absl::StrCat("at most ", most));
}

void ProbeSubreaper(Machine& machine) {
  const bool done = BecomeSubreaper();
  Add(machine, "sub-reaper", done,
      done ? "orphans of services are ours" : "how an adopted process ended may stay unknown");
}

}  // namespace

bool BecomeSubreaper() {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

Machine Probe(ControlHome home) {
  Machine machine;
  machine.home = std::move(home);
  RaiseLimits(machine);
  ProbeSubreaper(machine);
  ProbePidfd(machine);
  ProbeClone(machine);
  ProbeCgroups(machine);
  for (Capability& capability : ProbeSockets())
    machine.capabilities.push_back(std::move(capability));
  return machine;
}

void Leave(const Machine& machine) {
  const rlimit files{machine.files.soft, machine.files.hard};
  if (files.rlim_max != 0) setrlimit(RLIMIT_NOFILE, &files);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  if (machine.home_is_ours) LeaveHome(machine.home);
}

}  // namespace socketd
