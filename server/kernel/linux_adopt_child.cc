// Processes that somebody else has started: a service, or the daemon before.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/keeper/life.h"
#include "server/kernel/linux_child.h"

namespace socketd {

absl::StatusOr<Children::Started> Children::Adopt(int pid, const Group& group, Token token) {
  const auto gone = [pid] {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_PROCESS",
                 absl::StrCat("no process ", pid, " in the group"), {{"pid", absl::StrCat(pid)}});
  };
  if (pid <= 0) return gone();
  UniqueFd pidfd(PidfdOpen(pid));
  if (!pidfd && errno != ESRCH && errno != EINVAL) return SystemError(errno, "pidfd_open");
  if (!pidfd || !parts_.groups.Contains(group.handle(), pid, pidfd.get())) return gone();
  pollfd ended{pidfd.get(), POLLIN, 0};
  if (poll(&ended, 1, 0) == 1) return gone();
  if (Process* known = FindForgotten(pid, group.handle()); known != nullptr) {
    known->owned = true;
    known->token = token;
    return Started{HandleOf(static_cast<uint32_t>(known - processes_.data())), pid};
  }
  const uint64_t born = BornOf(pid, pidfd.get());
  return Watched({pid, born}, std::move(pidfd), group, token);
}

// Its end comes as that of a zombie of somebody else.
absl::StatusOr<Children::Started> Children::Watched(const ProcessId& id,
                                                    UniqueFd pidfd,
                                                    const Group& group,
                                                    Token token) {
  SpawnSpec spec;
  spec.token = token;
  spec.group = &group;
  const uint32_t index = Take(spec);
  Process& process = processes_[index];
  if (pidfd) {
    absl::Status watched =
        parts_.poller.Watch(pidfd.get(), Poller::Source::kProcess, index, process.generation);
    if (!watched.ok()) {
      Free(index);
      return watched;
    }
  }
  process.stage = Stage::kRunning;
  process.adopted = true;
  process.pid = id.pid;
  process.born = id.born;
  process.pidfd = std::move(pidfd);
  parts_.groups.AddMember(process.group, id.pid);
  return Started{HandleOf(index), id.pid};
}

absl::StatusOr<Children::Started> Children::Readopt(const ProcessId& id,
                                                    const Group& group,
                                                    Token token) {
  // The daemon before held it: no other process can be meant, and how it ended may still be asked.
  UniqueFd pidfd = Raised(parts_.estate.TakePidfd(id.born));
  if (!pidfd) pidfd.reset(id.pid > 0 ? PidfdOpen(id.pid) : -1);
  const bool same =
      pidfd && (id.born != 0 ? BornOf(id.pid, pidfd.get()) == id.born
                             : parts_.groups.Contains(group.handle(), id.pid, pidfd.get()));
  if (same) return Watched(id, std::move(pidfd), group, token);
  const std::optional<Exit> exit = parts_.estate.EndOf(id);
  if (!exit) {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_PROCESS",
                 absl::StrCat("nobody knows what became of process ", id.pid),
                 {{"pid", absl::StrCat(id.pid)}});
  }
  absl::StatusOr<Started> known = Watched(id, UniqueFd(), group, token);
  if (!known.ok()) return known;
  const auto index = static_cast<uint32_t>(static_cast<uint64_t>(known->handle));
  processes_[index].exit = *exit;
  processes_[index].verdict = next_verdict_ = Instant::Start();
  ended_.push_back(index);
  return known;
}

ProcessId Children::IdOf(ChildHandle handle) {
  Process* process = Find(handle);
  if (process == nullptr || !process->pidfd) return {};
  if (process->born == 0) process->born = BornOf(process->pid, process->pidfd.get());
  return {process->pid, process->born};
}

// A running process of the group that was somebody's before.
Children::Process* Children::FindForgotten(int pid, GroupHandle group) {
  const auto found = std::find_if(processes_.begin(), processes_.end(), [&](const Process& each) {
    return each.pid == pid && each.group == group && !each.owned && each.stage == Stage::kRunning;
  });
  return found != processes_.end() ? &*found : nullptr;
}

}  // namespace socketd
