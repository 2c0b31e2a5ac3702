// The processes of the fake world: each does what the script of its program says
// (child_script.h). They die by signals, leave their group, tell their owner, outlive their parents
// and hold copies of the descriptors they were given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"
#include "tests/sim/child_script.h"
#include "tests/sim/dice.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_file.h"
#include "tests/sim/fake_files.h"
#include "tests/sim/fake_groups.h"
#include "tests/sim/fake_ports.h"

namespace socketd::sim {

struct FakeProcess {
  int pid = 0;
  int session = 0;  // also its process group
  bool own_session = true;
  GroupId group = GroupId::kNone;
  std::string program;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::vector<std::shared_ptr<FakeFile>> files;
  std::multimap<std::string, std::shared_ptr<FakeFile>> own;  // what it made, by name
  std::shared_ptr<FakeFile> log;
  std::string user;
  ChildScript script;
  bool alive = true;
  bool executed = false;
  Exit exit;
  size_t at = 0;       // the step it is in
  int accepted = 0;    // in this step
  bool waits = false;  // for a client
  int last_forked = 0;
  uint64_t clock = 0;   // a wake-up for an earlier value is stale
  bool orphan = false;  // the daemon that has started it is gone
};

// The parts of the world that processes touch; all outlive the processes.
struct FakeSurroundings {
  Dice& dice;
  FakeClock& clock;
  EventQueue& events;
  FakePorts& ports;
  FakeFiles& files;
  FakeGroups& groups;
};

// What a process has left with the daemon for its unit.
struct Deposit {
  std::string name;
  std::weak_ptr<FakeFile> file;
  std::shared_ptr<FakeFile> made;  // by the process, so that nothing but its end can be missing
  bool watched = true;
};

class FakeProcesses {
 public:
  explicit FakeProcesses(FakeSurroundings world);

  // ---- for tests ----

  // What `program` does from its next run on (child_script.h).
  void SetScript(const std::string& program, std::vector<ChildScript> scripts);
  absl::Status SetScript(const std::string& program, absl::string_view text);
  // A signal from outside, as kill(1) sends it. False if there is no such process.
  bool Kill(int pid, int signal);
  // A living process ends in this way, whatever its script says.
  void Finish(int pid, Exit exit);
  // Executors take up to this long, as the seed picks.
  void SlowDownExec(absl::Duration most) { slowest_exec_ = most; }
  const std::map<int, FakeProcess>& all() const { return processes_; }
  // The youngest living process of `program`; null if there is none.
  const FakeProcess* Find(absl::string_view program) const;
  int runs(const std::string& program) const;
  // What the processes of a unit have left with the daemon, in order, and not taken back.
  const std::vector<Deposit>& deposits(const std::string& unit) const;
  bool has_deposits() const { return !deposits_.empty(); }
  // Nobody is to get it back.
  void DropDeposits(const std::string& unit) { deposits_.erase(unit); }
  Peer PeerOf(const FakeProcess& process) const;
  size_t children() const { return children_.size(); }

  // ---- for the fake kernel ----

  // `files` and `log` are what the spec's descriptors stand for.
  Child Spawn(ProcessOwner& owner, const SpawnSpec& spec, FakeProcess process);
  absl::StatusOr<Child> Adopt(ProcessOwner& owner, int pid, GroupId group, Token token);
  // The daemon is gone: its keeper remembers how those end that it has started.
  void Abandon();
  absl::StatusOr<Child> Readopt(ProcessOwner& owner, ProcessId id, GroupId group, Token token);
  ProcessId IdOf(ChildHandle child) const;
  std::vector<int> Members(GroupId group) const;
  void EndTakeOver();
  Reached Signal(ChildHandle child, int signal, Whom whom);
  Reached SignalGroup(GroupId group, int signal);
  // False: no such child, or it has not ended.
  bool Ended(ChildHandle child, Exit& exit) const;
  void Forget(ChildHandle child);

 private:
  struct Owned {
    int pid = 0;
    Token token = Token::kNone;
  };

  bool IsOwned(int pid) const;
  FakeProcess& Start(FakeProcess process);
  void Execute(int pid);
  void Later(FakeProcess& process, absl::Duration span, void (FakeProcesses::*what)(int));
  void Enter(int pid);
  void Do(int pid);
  void Next(FakeProcess& process);
  void End(int pid, Exit exit);
  void Tell(int pid, Event event);
  void Say(const FakeProcess& process,
           const std::string& text,
           std::vector<std::shared_ptr<FakeFile>> files = {});
  void Store(FakeProcess& process, const Step& step);
  void Unstore(const FakeProcess& process, const std::string& name);
  std::shared_ptr<FakeFile> Made(FakeProcess& process, const Step& step);
  std::string UnitOf(const FakeProcess& process) const;
  void Fork(FakeProcess& process, const Step& step);
  void Serve(FakeProcess& process, const Step& step);
  void StopIdle(int pid);
  bool TakeOne(FakeProcess& process);
  void OnArrival(const FakeFile& file);
  bool Deliver(FakeProcess& process, int signal);

  FakeSurroundings world_;
  absl::Duration slowest_exec_;
  std::map<std::string, std::vector<ChildScript>> scripts_;
  std::map<std::string, int> runs_;
  std::map<std::string, std::vector<Deposit>> deposits_;  // by unit
  std::map<int, FakeProcess> processes_;
  std::map<ChildHandle, Owned> children_;
  int next_pid_ = 1000;
  uint64_t next_child_ = 1;
};

}  // namespace socketd::sim
