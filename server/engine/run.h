// One run of a unit: its control group, its processes as they are started and signalled. Everything
// a run holds goes with it; processes that are still there are then nobody's, which the unit's last
// signal states see to. Owned by a unit; engine thread only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/engine/definition.h"
#include "server/engine/unit_host.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"
#include "server/unit/change.h"
#include "server/unit/unit_state.h"

namespace socketd {

namespace v1 {
class Command;
}
class Unit;

// A process of a unit and the subscription by which its unit hears of it.
struct Process {
  Subscription subscription;
  Child child;
  const v1::Command* command = nullptr;  // null: adopted
  Unit* unit = nullptr;                  // whose it is

  explicit operator bool() const { return static_cast<bool>(child); }
  bool Hears(const Event& event) const {
    return child && event.token != Token::kNone && event.token == subscription.token();
  }
  void Drop() { *this = Process(); }
};

// What a process ended with, in the unit's words.
struct ProcessEnd {
  Exit exit;
  Result result = Result::kSuccess;  // kSuccess: a clean end
  std::string text;                  // "exited, status 1", "killed by signal 9", "chdir: ENOENT"
};

// What a command is started with, besides its unit's settings.
struct LaunchPlan {
  const v1::Command* command = nullptr;
  const ExecSettings* exec = nullptr;
  std::vector<std::pair<absl::string_view, std::string>> environment;  // of this run
  std::vector<const Fd*> fds;                                          // become 3, 4, ...
  size_t untouched = 0;                                                // see SpawnSpec
  const Fd* stdio = nullptr;
  bool nonblocking = false;
  bool own_session = true;  // see SpawnSpec, as the next one
  bool await_exec = false;
};

class Run {
 public:
  Run(UnitHost& host, Unit& unit) : host_(host), unit_(unit) {}
  ~Run() { End(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Starts a process in the run's group, which is made for the first. RESOURCE errors and others
  // as Kernel::Spawn.
  absl::StatusOr<Process> Launch(const LaunchPlan& plan);
  // Takes a process of the group under watch, as Kernel::Adopt.
  absl::StatusOr<Process> Adopt(int pid);

  // Takes up the group of a run that the daemon before has begun, and its processes: empty if
  // nobody knows what became of them. Without a command it is none of ours.
  void Recall(GroupId id);
  Process Readopt(ProcessId id, const v1::Command* command);
  // The oldest process in the group, but those whose end is known.
  Process ReadoptAny(const v1::Command* command, absl::Span<const int> ended);

  struct Targets {
    const Process* main = nullptr;     // null or empty: none
    const Process* control = nullptr;  // null or empty: none
  };
  // The first signal of a kill mode, or the last: SIGKILL. Tells whether anybody was there.
  absl::StatusOr<Reached> Signal(const KillSettings& kill, bool last, const Targets& targets);

  bool Populated() const;
  bool Hears(const Event& event) const {
    return group_ && event.token == group_subscription_.token();
  }
  GroupId group() const { return group_ ? group_.id() : GroupId::kNone; }
  bool has_group() const { return static_cast<bool>(group_); }

  // Gives up the group: kernel and cgroup floor clean it away once empty.
  void End();
  // Removes the unit's RuntimeDirectory=, unless it is to stay.
  void RemoveDirectories(const ExecSettings& exec, bool comes_back);

 private:
  absl::Status NeedGroup();
  absl::StatusOr<Reached> SignalEach(int signal, Whom whom, const Targets& targets);

  UnitHost& host_;
  Unit& unit_;
  Subscription group_subscription_;
  Group group_;
};

// The environment of one command of a unit: fixed part, files, and above all what belongs to the
// run.
absl::StatusOr<Environment> MakeEnvironment(Kernel& kernel, const LaunchPlan& plan);

// What the end of `process` means. `extra` are ends that count as clean besides status 0, null:
// none.
ProcessEnd EndOf(Kernel& kernel, Process& process, const Event& event, const ExitSet* extra);

}  // namespace socketd
