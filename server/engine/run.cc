#include "server/engine/run.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/unit.h"
#include "server/unit/environment.h"

namespace socketd {
namespace {

// An environment file is words for one process, not a database.
constexpr size_t kEnvironmentFileLimit = size_t{64} * 1024;

// Where programs are looked for that are named without a path; systemd.exec(5).
constexpr absl::string_view kProgramFolders[] = {
    "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};

std::string FindProgram(Kernel& kernel, const std::string& path) {
  if (absl::StartsWith(path, "/")) return path;
  for (absl::string_view folder : kProgramFolders) {
    std::string full = absl::StrCat(folder, path);
    // One byte tells whether it is there: a longer file is OUT_OF_RANGE.
    const absl::Status there = kernel.ReadFile(full, 1).status();
    if (there.ok() || absl::IsOutOfRange(there)) return full;
  }
  return absl::StrCat("/usr/bin/", path);
}

std::string TextOf(const Exit& exit) {
  switch (exit.how) {
    case Exit::How::kExited:
      return absl::StrCat("exited, status ", exit.status);
    case Exit::How::kSignaled:
      return absl::StrCat("killed by signal ", exit.status);
    case Exit::How::kDumped:
      return absl::StrCat("killed by signal ", exit.status, ", core dumped");
    case Exit::How::kUnknown:
      break;
  }
  return "ended, nobody knows how";
}

Result ResultOf(const Exit& exit) {
  switch (exit.how) {
    case Exit::How::kExited:
      return exit.status == 0 ? Result::kSuccess : Result::kExitCode;
    case Exit::How::kDumped:
      return Result::kCoreDump;
    default:
      return Result::kSignal;
  }
}

}  // namespace

absl::StatusOr<Environment> MakeEnvironment(Kernel& kernel, const LaunchPlan& plan) {
  Environment environment = plan.exec->environment;
  for (const ExecSettings::File& file : plan.exec->environment_files) {
    const absl::StatusOr<std::string> text = kernel.ReadFile(file.path, kEnvironmentFileLimit);
    if (!text.ok()) {
      if (file.optional) continue;
      return WithFacts(text.status(), {{"environment_file", file.path}});
    }
    absl::Status read = ReadEnvironmentFile(file.path, *text, environment);
    if (!read.ok())
      LogFailure(Level::kWarning, "unit.bad-environment", read, {{"file", file.path}});
  }
  // What belongs to the run is a fact, whatever files say.
  for (const auto& [name, value] : plan.environment)
    environment.Set(name, value);
  return environment;
}

absl::Status Run::NeedGroup() {
  if (group_) return absl::OkStatus();
  Subscription subscription(host_.loop(), unit_);
  absl::StatusOr<Group> group = host_.loop().kernel().NewGroup(unit_.name(), subscription.token());
  if (!group.ok()) return group.status();
  group_ = *std::move(group);
  group_subscription_ = std::move(subscription);
  host_.OnGroup(group_.id(), &unit_);
  return absl::OkStatus();
}

absl::StatusOr<Process> Run::Launch(const LaunchPlan& plan) {
  Kernel& kernel = host_.loop().kernel();
  absl::StatusOr<Environment> environment = MakeEnvironment(kernel, plan);
  if (!environment.ok()) return environment.status();
  if (absl::Status made = NeedGroup(); !made.ok()) return made;

  Process process;
  process.subscription = Subscription(host_.loop(), unit_);
  process.command = plan.command;

  SpawnSpec spec;
  spec.token = process.subscription.token();
  spec.group = &group_;
  spec.context = plan.exec->context;
  spec.program = FindProgram(kernel, plan.command->path());
  spec.argv = ExpandArguments(*plan.command, *environment);
  spec.environment = std::move(*environment).Entries();
  spec.fds = plan.fds;
  spec.untouched = plan.untouched;
  spec.nonblocking = plan.nonblocking;
  spec.own_session = plan.own_session;
  spec.await_exec = plan.await_exec;
  spec.stdio = plan.stdio;
  spec.log = plan.exec->wants_log ? unit_.log().Sink() : nullptr;
  spec.full_privileges = plan.command->privileges() == v1::Command::PRIVILEGES_FULL ||
                         plan.command->privileges() == v1::Command::PRIVILEGES_KEEP_IDENTITY;
  host_.OnStep(unit_);
  absl::StatusOr<Child> child = kernel.Spawn(spec);
  if (!child.ok()) {
    return WithFacts(child.status(), {{"unit", unit_.name()}, {"program", spec.program}});
  }
  process.child = *std::move(child);
  process.unit = &unit_;
  unit_.OnCommandBegun(*plan.command, process.child.pid());
  return process;
}

absl::StatusOr<Process> Run::Adopt(int pid) {
  if (!group_) return absl::NotFoundError("the run has no process yet");
  Process process;
  process.subscription = Subscription(host_.loop(), unit_);
  absl::StatusOr<Child> child =
      host_.loop().kernel().Adopt(pid, group_, process.subscription.token());
  if (!child.ok()) return child.status();
  process.child = *std::move(child);
  process.unit = &unit_;
  return process;
}

void Run::Recall(GroupId id) {
  if (id == GroupId::kNone) return;
  Subscription subscription(host_.loop(), unit_);
  absl::StatusOr<Group> group = host_.loop().kernel().AdoptGroup(id, subscription.token());
  if (!group.ok()) return;
  group_ = *std::move(group);
  group_subscription_ = std::move(subscription);
  host_.OnGroup(group_.id(), &unit_);
}

Process Run::Readopt(ProcessId id, const v1::Command* command) {
  Process process;
  if (!group_ || id.pid == 0) return process;
  Subscription subscription(host_.loop(), unit_);
  absl::StatusOr<Child> child = host_.loop().kernel().Readopt(id, group_, subscription.token());
  if (!child.ok()) return process;
  process.subscription = std::move(subscription);
  process.child = *std::move(child);
  process.command = command;
  process.unit = &unit_;
  return process;
}

Process Run::ReadoptAny(const v1::Command* command, absl::Span<const int> ended) {
  if (!group_) return Process();
  std::vector<int> members = host_.loop().kernel().Members(group_);
  std::sort(members.begin(), members.end());
  for (const int pid : members) {
    if (std::find(ended.begin(), ended.end(), pid) != ended.end()) continue;
    if (Process process = Readopt({pid, 0}, command)) return process;
  }
  return Process();
}

absl::StatusOr<Reached> Run::SignalEach(int signal, Whom whom, const Targets& targets) {
  Reached reached = Reached::kNobody;
  for (const Process* process : {targets.main, targets.control}) {
    if (process == nullptr || !*process) continue;
    const absl::StatusOr<Reached> one = host_.loop().kernel().Signal(process->child, signal, whom);
    if (!one.ok()) return one.status();
    if (*one == Reached::kSomebody) reached = Reached::kSomebody;
  }
  return reached;
}

absl::StatusOr<Reached> Run::Signal(const KillSettings& kill, bool last, const Targets& targets) {
  if (last && !kill.send_sigkill) return Reached::kNobody;
  const int signal = last ? SIGKILL : kill.signal;
  switch (kill.mode) {
    case KillMode::kNone:
      return Reached::kNobody;
    case KillMode::kProcess:
      return SignalEach(signal, Whom::kProcess, targets);
    case KillMode::kProcessGroup:
      return SignalEach(signal, Whom::kProcessGroup, targets);
    case KillMode::kMixed:
      if (!last) return SignalEach(signal, Whom::kProcess, targets);
      break;
    case KillMode::kControlGroup:
      break;
  }
  if (!group_) return Reached::kNobody;
  return host_.loop().kernel().SignalGroup(group_, signal);
}

bool Run::Populated() const {
  return group_ && host_.loop().kernel().Populated(group_);
}

void Run::End() {
  if (group_) host_.OnGroup(group_.id(), nullptr);
  group_ = Group();
  group_subscription_ = Subscription();
}

void Run::RemoveDirectories(const ExecSettings& exec, bool comes_back) {
  const bool stay =
      exec.preserve == Preserve::kYes || (exec.preserve == Preserve::kRestart && comes_back);
  if (stay) return;
  for (const std::string& path : exec.runtime_directories) {
    const absl::Status removed = host_.loop().kernel().RemoveTree(path);
    if (!removed.ok() && !absl::IsNotFound(removed)) {
      LogFailure(Level::kWarning, "unit.directory-kept", removed, {{"unit", unit_.name()}});
    }
  }
}

ProcessEnd EndOf(Kernel& kernel, Process& process, const Event& event, const ExitSet* extra) {
  ProcessEnd end;
  const v1::Command* const command = process.command;
  if (event.kind == Event::Kind::kSpawnFailed) {
    end.exit = {Exit::How::kExited, event.exit_status};
    end.text = absl::StrCat(std::string(event.step), " failed with ", ErrnoName(event.error),
                            ", status ", event.exit_status);
    end.result = Result::kExitCode;
  } else {
    end.exit = kernel.ExitOf(process.child);
    end.text = TextOf(end.exit);
    end.result = ResultOf(end.exit);
    if (extra != nullptr && extra->Has(end.exit)) end.result = Result::kSuccess;
  }
  if (command != nullptr) process.unit->OnCommandEnded(*command, end.text);
  process.unit->host().OnEnded(std::move(process.child));
  process.Drop();
  if (command != nullptr && command->ignore_failure()) end.result = Result::kSuccess;
  return end;
}

}  // namespace socketd
