#include "tests/sim/fake_processes.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/base/errors.h"

namespace socketd::sim {
namespace {

// When all of them were born, as far as ProcessId goes: their numbers are never used twice.
constexpr uint64_t kBorn = 7;

uint64_t About(ChildHandle child) {
  return static_cast<uint64_t>(child);
}

}  // namespace

FakeProcesses::FakeProcesses(FakeSurroundings world) : world_(world) {
  world_.ports.OnArrival([this](const FakeFile& file) { OnArrival(file); });
}

void FakeProcesses::SetScript(const std::string& program, std::vector<ChildScript> scripts) {
  CHECK(!scripts.empty());
  scripts_[program] = std::move(scripts);
  runs_[program] = 0;
}

absl::Status FakeProcesses::SetScript(const std::string& program, absl::string_view text) {
  auto scripts = ParseScripts(text);
  if (!scripts.ok()) return scripts.status();
  SetScript(program, *std::move(scripts));
  return absl::OkStatus();
}

const FakeProcess* FakeProcesses::Find(absl::string_view program) const {
  for (auto at = processes_.rbegin(); at != processes_.rend(); ++at) {
    if (at->second.alive && at->second.program == program) return &at->second;
  }
  return nullptr;
}

int FakeProcesses::runs(const std::string& program) const {
  const auto found = runs_.find(program);
  return found == runs_.end() ? 0 : found->second;
}

Peer FakeProcesses::PeerOf(const FakeProcess& process) const {
  Peer peer;
  peer.pid = process.pid;
  peer.uid = process.user.empty() ? 0 : 1000;
  peer.gid = peer.uid;
  peer.group = process.group;
  return peer;
}

FakeProcess& FakeProcesses::Start(FakeProcess process) {
  process.pid = next_pid_;
  next_pid_ += 1 + static_cast<int>(world_.dice.Below(3));
  if (process.session == 0) process.session = process.pid;
  const auto scripts = scripts_.find(process.program);
  if (scripts == scripts_.end()) {
    process.script.failing_step = "exec";
    process.script.failing_errno = ENOENT;
    process.script.failing_status = StatusOfStep("exec");
  } else {
    const auto run = static_cast<size_t>(runs_[process.program]++);
    process.script = scripts->second[std::min(run, scripts->second.size() - 1)];
  }
  world_.groups.Enter(process.group);
  const int pid = process.pid;
  return processes_[pid] = std::move(process);
}

Child FakeProcesses::Spawn(ProcessOwner& owner, const SpawnSpec& spec, FakeProcess process) {
  process.group = spec.group->id();
  process.program = spec.program;
  process.argv = spec.argv;
  process.environment = spec.environment;
  process.own_session = spec.own_session;
  if (spec.context && !spec.full_privileges) process.user = spec.context->user;
  FakeProcess& started = Start(std::move(process));
  const auto handle = static_cast<ChildHandle>(next_child_++);
  children_[handle] = Owned{started.pid, spec.token};
  const auto most = static_cast<size_t>(absl::ToInt64Microseconds(slowest_exec_));
  const absl::Duration span = absl::Microseconds(world_.dice.Below(most + 1));
  Later(started, span, &FakeProcesses::Execute);
  return Child(owner, handle, started.pid);
}

void FakeProcesses::Execute(int pid) {
  FakeProcess& process = processes_.at(pid);
  process.executed = true;
  if (!process.script.failing_step.empty()) {
    Event event;
    event.kind = Event::Kind::kSpawnFailed;
    event.step = StaticStep(process.script.failing_step);
    event.error = process.script.failing_errno;
    event.exit_status = process.script.failing_status;
    Tell(pid, event);
    End(pid, Exit{Exit::How::kExited, event.exit_status});
    return;
  }
  Event event;
  event.kind = Event::Kind::kExeced;
  Tell(pid, event);
  Enter(pid);
}

void FakeProcesses::Later(FakeProcess& process,
                          absl::Duration span,
                          void (FakeProcesses::*what)(int)) {
  const int pid = process.pid;
  const uint64_t clock = ++process.clock;
  world_.clock.After(span, [this, pid, clock, what] {
    const auto found = processes_.find(pid);
    if (found == processes_.end() || !found->second.alive) return;
    if (found->second.clock == clock) (this->*what)(pid);
  });
}

void FakeProcesses::Tell(int pid, Event event) {
  for (const auto& [handle, owned] : children_) {
    if (owned.pid != pid) continue;
    event.token = owned.token;
    world_.events.Push(About(handle), event);
  }
}

void FakeProcesses::End(int pid, Exit exit) {
  FakeProcess& process = processes_.at(pid);
  const bool never_ran = !process.script.failing_step.empty() && process.executed;
  process.alive = false;
  process.exit = exit;
  process.files.clear();
  process.own.clear();
  process.log.reset();
  if (!never_ran) {
    Event event;
    if (!process.executed) {  // killed before exec: which the owner sees as a very short run
      event.kind = Event::Kind::kExeced;
      Tell(pid, event);
    }
    event.kind = Event::Kind::kExited;
    Tell(pid, event);
  }
  world_.groups.Leave(process.group);
  if (!process.orphan && !IsOwned(pid)) processes_.erase(pid);
}

absl::StatusOr<Child> FakeProcesses::Adopt(ProcessOwner& owner,
                                           int pid,
                                           GroupId group,
                                           Token token) {
  const auto found = processes_.find(pid);
  if (found == processes_.end() || !found->second.alive || found->second.group != group) {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_PROCESS", "no such process in the group",
                 {{"pid", absl::StrCat(pid)}});
  }
  const auto handle = static_cast<ChildHandle>(next_child_++);
  children_[handle] = Owned{pid, token};
  return Child(owner, handle, pid);
}

bool FakeProcesses::IsOwned(int pid) const {
  return std::any_of(children_.begin(), children_.end(),
                     [pid](const auto& child) { return child.second.pid == pid; });
}

void FakeProcesses::Abandon() {
  for (const auto& [handle, owned] : std::exchange(children_, {})) {
    const auto found = processes_.find(owned.pid);
    if (found != processes_.end()) found->second.orphan = true;
  }
}

ProcessId FakeProcesses::IdOf(ChildHandle child) const {
  const auto owned = children_.find(child);
  if (owned == children_.end()) return {};
  return {owned->second.pid, kBorn};
}

std::vector<int> FakeProcesses::Members(GroupId group) const {
  std::vector<int> members;
  for (const auto& [pid, process] : processes_) {
    if (process.group == group && (process.alive || (process.orphan && !IsOwned(pid))))
      members.push_back(pid);
  }
  return members;
}

absl::StatusOr<Child> FakeProcesses::Readopt(ProcessOwner& owner,
                                             ProcessId id,
                                             GroupId group,
                                             Token token) {
  const auto found = processes_.find(id.pid);
  const bool ours = found != processes_.end() && found->second.group == group &&
                    (id.born == 0 || id.born == kBorn);
  if (!ours) return absl::NotFoundError("nobody knows that process");
  const auto handle = static_cast<ChildHandle>(next_child_++);
  children_[handle] = Owned{id.pid, token};
  if (!found->second.alive) {
    Event event;
    event.kind = Event::Kind::kExited;
    Tell(id.pid, event);
  }
  return Child(owner, handle, id.pid);
}

void FakeProcesses::EndTakeOver() {
  for (auto at = processes_.begin(); at != processes_.end();) {
    const auto here = at++;
    if (!std::exchange(here->second.orphan, false) || here->second.alive) continue;
    if (!IsOwned(here->first)) processes_.erase(here);
  }
}

bool FakeProcesses::Deliver(FakeProcess& process, int signal) {
  if (!process.alive) return false;
  const auto found = process.script.reactions.find(signal);
  if (signal == 0 || signal == SIGCONT || signal == SIGSTOP) return true;
  const int pid = process.pid;
  if (found == process.script.reactions.end() || !process.executed) {
    if (process.executed || signal == SIGKILL || signal == SIGTERM) {
      End(pid, Exit{Exit::How::kSignaled, signal});
    }
    return true;
  }
  if (!found->second.exits) return true;
  const Exit exit{Exit::How::kExited, found->second.status};
  const absl::Duration after = found->second.after;
  found->second = Reaction{};  // it has heard; once is enough
  world_.clock.After(after, [this, pid, exit] {
    const auto process = processes_.find(pid);
    if (process != processes_.end() && process->second.alive) End(pid, exit);
  });
  return true;
}

Reached FakeProcesses::Signal(ChildHandle child, int signal, Whom whom) {
  const auto owned = children_.find(child);
  if (owned == children_.end()) return Reached::kNobody;
  const auto found = processes_.find(owned->second.pid);
  if (found == processes_.end()) return Reached::kNobody;
  if (whom == Whom::kProcess) {
    return Deliver(found->second, signal) ? Reached::kSomebody : Reached::kNobody;
  }
  const int session = found->second.session;
  std::vector<int> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.alive && process.session == session) pids.push_back(pid);
  }
  for (const int pid : pids)
    Deliver(processes_.at(pid), signal);
  return pids.empty() ? Reached::kNobody : Reached::kSomebody;
}

Reached FakeProcesses::SignalGroup(GroupId group, int signal) {
  std::vector<int> pids;
  for (const auto& [pid, process] : processes_) {
    if (process.alive && process.group == group) pids.push_back(pid);
  }
  for (const int pid : pids)
    Deliver(processes_.at(pid), signal);
  return pids.empty() ? Reached::kNobody : Reached::kSomebody;
}

bool FakeProcesses::Kill(int pid, int signal) {
  const auto found = processes_.find(pid);
  return found != processes_.end() && Deliver(found->second, signal);
}

void FakeProcesses::Finish(int pid, Exit exit) {
  const auto found = processes_.find(pid);
  if (found != processes_.end() && found->second.alive) End(pid, exit);
}

bool FakeProcesses::Ended(ChildHandle child, Exit& exit) const {
  const auto owned = children_.find(child);
  if (owned == children_.end()) return false;
  const auto found = processes_.find(owned->second.pid);
  if (found == processes_.end() || found->second.alive) return false;
  exit = found->second.exit;
  return true;
}

void FakeProcesses::Forget(ChildHandle child) {
  const auto owned = children_.find(child);
  if (owned == children_.end()) return;
  const int pid = owned->second.pid;
  children_.erase(owned);
  world_.events.Drop(About(child));
  const auto found = processes_.find(pid);
  const bool ended = found != processes_.end() && !found->second.alive;
  if (ended && !IsOwned(pid)) processes_.erase(found);
}

}  // namespace socketd::sim
