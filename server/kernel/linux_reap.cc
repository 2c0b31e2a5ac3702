// The second half of Children: how a child comes out of our memory, out of the executor, and ends.
#include "server/kernel/linux_reap.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "server/kernel/linux_child.h"

namespace socketd {
namespace {

// How an adopted process ended is known when its parent has waited for it, which may be never.
constexpr absl::Duration kParentPatience = absl::Seconds(1);

Exit ExitOfWaitStatus(int status) {
  if (WIFEXITED(status)) return {Exit::How::kExited, WEXITSTATUS(status)};
  if (!WIFSIGNALED(status)) return {};
  return {WCOREDUMP(status) ? Exit::How::kDumped : Exit::How::kSignaled, WTERMSIG(status)};
}

}  // namespace

Exit ExitOf(int code, int status) {
  switch (code) {
    case CLD_EXITED:
      return {Exit::How::kExited, status};
    case CLD_KILLED:
      return {Exit::How::kSignaled, status};
    case CLD_DUMPED:
      return {Exit::How::kDumped, status};
    default:
      return {};
  }
}

void Children::Tell(const Process& process, Event event, std::vector<Event>& events) {
  if (!process.owned) return;
  event.token = process.token;
  events.push_back(event);
}

void Children::LookAtNewborn(Instant now, std::vector<Event>& events) {
  for (const ChildHandle handle : std::exchange(called_off_, {})) {
    const Process* process = Find(handle);
    if (process == nullptr || process->stage != Stage::kWaiting) continue;
    Fail(static_cast<uint32_t>(process - processes_.data()), {exec::Step::kExec, ECANCELED},
         events);
  }
  for (const GroupHandle group : std::exchange(released_, {}))
    parts_.groups.RemoveMember(group, {}, events);
  GiveVerdicts(now, events);
  if (newborn_.empty()) {
    next_look_ = Instant::Never();
    return;
  }
  for (size_t i = 0; i < newborn_.size();) {
    const uint32_t index = newborn_[i];
    Settle(index, events);
    if (i < newborn_.size() && newborn_[i] == index) ++i;  // else it has left the list
  }
  if (newborn_.empty()) {
    next_look_ = Instant::Never();
  } else if (now >= next_look_) {
    look_span_ = std::min(look_span_ * 2, kLongestLook);
    next_look_ = now + look_span_;
  }
}

void Children::Settle(uint32_t index, std::vector<Event>& events) {
  Process& process = processes_[index];
  if (process.block == nullptr) return;
  if (Births::Unshared(*process.block)) {
    CloseHeld(*process.block);
  }
  if (Births::Left(*process.block)) LeaveMemory(index, events);
}

void Children::LeaveMemory(uint32_t index, std::vector<Event>& events) {
  Process& process = processes_[index];
  process.trouble = Births::TroubleOf(*process.block);
  const bool went_on = Births::AboutToExec(*process.block);
  if (process.trouble.error == 0 && !went_on) return;  // killed on the way: End says so
  GiveBlockBack(index);
  if (process.trouble.error != 0) {
    process.stage = Stage::kFailed;
  } else if (process.report) {
    process.stage = Stage::kExecutor;
  } else {
    process.stage = Stage::kRunning;
    Tell(process, {.kind = Event::Kind::kExeced}, events);
  }
}

// True at the end of the pipe.
bool Children::ReadReport(Process& process) {
  exec::Report report;
  for (;;) {
    const ssize_t length = read(process.report.get(), &report, sizeof(report));
    if (length == 0) return true;
    if (length != sizeof(report)) return false;
    if (report.step == exec::kAboutToExec) {
      process.about_to_exec = true;
    } else if (report.step >= 0 && report.step < exec::kStepCount) {
      process.trouble = {static_cast<exec::Step>(report.step), report.error};
    }
  }
}

void Children::CloseReport(Process& process) {
  if (!process.report) return;
  parts_.poller.Unwatch(process.report.get());
  process.report.reset();
}

void Children::OnReport(const Poller::Ready& ready, std::vector<Event>& events) {
  Process* process = FindReady(ready);
  if (process == nullptr || !process->report) return;
  Settle(ready.index, events);
  if (!ReadReport(*process)) return;
  CloseReport(*process);
  if (process->stage == Stage::kExecutor) LeaveExecutor(ready.index, events);
}

void Children::LeaveExecutor(uint32_t index, std::vector<Event>& events) {
  Process& process = processes_[index];
  if (process.trouble.error != 0) {
    process.stage = Stage::kFailed;
  } else if (process.about_to_exec) {
    process.stage = Stage::kRunning;
    Tell(process, {.kind = Event::Kind::kExeced}, events);
  }
}

void Children::OnEnded(const Poller::Ready& ready, std::vector<Event>& events) {
  const Process* process = FindReady(ready);
  if (process == nullptr) return;
  if (process->adopted && !ready.hang_up && AwaitParent(ready.index)) return;
  End(ready.index, events);
}

// True: it is a zombie of somebody else, who is given a moment.
bool Children::AwaitParent(uint32_t index) {
  Process& process = processes_[index];
  if (process.stage != Stage::kRunning) return false;
  process.exit = WaitFor(process);
  if (process.exit.how != Exit::How::kUnknown) return false;
  parts_.poller.WatchHangUp(process.pidfd.get(), Poller::Source::kProcess, index,
                            process.generation);
  process.verdict = Poller::Now() + kParentPatience;
  next_verdict_ = std::min(next_verdict_, process.verdict);
  ended_.push_back(index);
  return true;
}

void Children::OnEndings() {
  for (const uint32_t index : ended_) {
    Process& process = processes_[index];
    if (process.verdict.never()) continue;
    process.exit = WaitFor(process);
    if (process.exit.how == Exit::How::kUnknown) continue;
    process.verdict = Instant::Start();
    next_verdict_ = Instant::Start();
  }
}

void Children::GiveVerdicts(Instant now, std::vector<Event>& events) {
  if (now < next_verdict_) return;
  next_verdict_ = Instant::Never();
  for (const uint32_t index : std::exchange(ended_, {})) {
    const Instant verdict = processes_[index].verdict;
    if (verdict.never()) continue;  // told already
    if (now >= verdict) {
      End(index, events);
      continue;
    }
    ended_.push_back(index);
    next_verdict_ = std::min(next_verdict_, verdict);
  }
}

// A child of ours stays a zombie: should the daemon end before it has written down what the end
// means, its keeper is the next to see it. A pidfd tells it then only from Linux 6.15 on.
Exit Children::WaitFor(Process& process) {
  siginfo_t info{};
  const auto pidfd = static_cast<id_t>(process.pidfd.get());
  constexpr int kLook = WEXITED | WNOHANG | WNOWAIT | __WALL;
  if (waitid(P_PIDFD, pidfd, &info, kLook) == 0 && info.si_pid != 0)
    return socketd::ExitOf(info.si_code, info.si_status);
  PidfdInfo asked;
  asked.mask = PidfdInfo::kExit;
  if (PidfdAsk(process.pidfd.get(), asked)) return ExitOfWaitStatus(asked.exit_code);
  // Adopted although it was our own child all along: the other one has waited for it.
  for (const Process& other : processes_) {
    if (&other != &process && other.stage == Stage::kEnded && other.pid == process.pid)
      return other.exit;
  }
  return parts_.estate.EndOf({process.pid, process.born}).value_or(Exit{});
}

void Children::Reap(const Process& process) {
  siginfo_t info{};
  if (process.stage != Stage::kEnded || !process.pidfd) return;
  waitid(P_PIDFD, static_cast<id_t>(process.pidfd.get()), &info, WEXITED | WNOHANG | __WALL);
}

void Children::End(uint32_t index, std::vector<Event>& events) {
  Process& process = processes_[index];
  if (process.stage == Stage::kEnded || process.stage == Stage::kWaiting) return;
  if (process.exit.how == Exit::How::kUnknown) process.exit = WaitFor(process);
  process.verdict = Instant::Never();
  const bool killed = process.exit == Exit{Exit::How::kSignaled, SIGKILL};
  Settle(index, events);
  if (process.report) {
    ReadReport(process);
    CloseReport(process);
  }
  if (process.stage == Stage::kExecutor) LeaveExecutor(index, events);
  if (process.stage != Stage::kRunning) {
    if (process.trouble.error == 0) process.trouble = {exec::Step::kExec, ECANCELED};
    parts_.groups.RemoveMember(process.group, {process.pid, killed}, events);
    Fail(index, process.trouble, events);
    return;
  }
  const GroupHandle group = process.group;
  const int pid = process.pid;
  process.stage = Stage::kEnded;
  Tell(process, {.kind = Event::Kind::kExited}, events);
  if (!process.owned) Free(index);
  parts_.groups.RemoveMember(group, {pid, killed}, events);
}

Instant Children::ReapStrays(Instant now) const {
  constexpr int kMost = 4096;  // a turn; more of them are reaped in the next
  absl::flat_hash_map<int, bool> tracked;
  for (int i = 0; i < kMost; ++i) {
    siginfo_t info{};
    constexpr int kLook = WEXITED | WNOHANG | WNOWAIT | __WALL;
    if (waitid(P_ALL, 0, &info, kLook) != 0 || info.si_pid == 0) return Instant::Never();
    if (i == 0) tracked = TrackedPids();
    // Its pidfd tells in this turn or the next, or somebody holds it yet; others may stand behind.
    if (const auto child = tracked.find(info.si_pid); child != tracked.end())
      return child->second ? now + kStraysEvery : now;
    waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG | __WALL);
  }
  return now;
}

absl::flat_hash_map<int, bool> Children::TrackedPids() const {
  absl::flat_hash_map<int, bool> pids;
  for (const Process& process : processes_)
    if (process.pidfd) pids[process.pid] = process.stage == Stage::kEnded;
  return pids;
}

void Children::Fail(uint32_t index, const exec::Trouble& trouble, std::vector<Event>& events) {
  Process& process = processes_[index];
  const exec::StepInfo& step = exec::InfoOf(trouble.step);
  Tell(process,
       {.kind = Event::Kind::kSpawnFailed,
        .error = trouble.error,
        .step = trouble.error == ECANCELED ? "killed" : step.name,
        .exit_status = step.exit_status},
       events);
  process.waiting.reset();
  Erase(waiting_, index);
  GiveBlockBack(index);
  process.stage = Stage::kEnded;
  if (!process.owned) Free(index);
}

Exit Children::ExitOf(ChildHandle handle) {
  Process* process = Find(handle);
  if (process == nullptr || process->stage != Stage::kEnded) return {};
  if (process->exit.how == Exit::How::kUnknown && process->pidfd) process->exit = WaitFor(*process);
  return process->exit;
}

void Children::Forget(ChildHandle handle) {
  Process* process = Find(handle);
  if (process == nullptr) return;
  process->owned = false;
  // One that was adopted is reaped by whoever started it, or as an orphan.
  const bool let_go = process->adopted && process->stage == Stage::kRunning;
  if (let_go) {
    parts_.poller.Unwatch(process->pidfd.get());
    released_.push_back(process->group);
    next_look_ = Instant::Start();
  }
  const bool over = process->stage == Stage::kEnded || process->stage == Stage::kWaiting;
  if (over || let_go) Free(static_cast<uint32_t>(process - processes_.data()));
}

}  // namespace socketd
