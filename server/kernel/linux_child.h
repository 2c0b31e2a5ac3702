// Children from spawn to reaping. A child goes through stages: waiting for its names, born (it
// still uses our memory), in the executor (its report pipe tells), running, ended. Where a stage
// ends is found without waiting: in the block's words at each poll, in the pipe, by the pidfd.
// Engine thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "server/base/instant.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_birth.h"
#include "server/kernel/linux_cgroup.h"
#include "server/kernel/linux_closer.h"
#include "server/kernel/linux_estate.h"
#include "server/kernel/linux_lookup.h"
#include "server/kernel/linux_order.h"
#include "server/kernel/linux_poll.h"
#include "server/kernel/types.h"

namespace socketd {

class Children {
 public:
  struct Parts {
    Poller& poller;
    Cgroups& groups;
    Lookups& lookups;
    Estate& estate;
    Closer& closer;
  };
  struct Ways {
    CommonFiles files;
    bool can_share_files = false;
    bool into_cgroup = false;
    Limit files_limit;  // of descriptors, for children whose context sets none
    Inherited inherited;
  };
  struct Started {
    ChildHandle handle = ChildHandle::kNone;
    int pid = 0;  // 0: its names are being looked up
  };

  Children(const Parts& parts, const Ways& ways)
      : parts_(parts), ways_(ways), orders_(ways.files_limit, ways.inherited) {}

  absl::StatusOr<Started> Spawn(const SpawnSpec& spec);
  absl::StatusOr<Started> Adopt(int pid, const Group& group, Token token);
  // What Kernel::Readopt promises.
  absl::StatusOr<Started> Readopt(const ProcessId& id, const Group& group, Token token);
  ProcessId IdOf(ChildHandle handle);
  absl::StatusOr<Reached> Signal(ChildHandle handle, int signal, Whom whom);
  int PidOf(ChildHandle handle) const;
  Exit ExitOf(ChildHandle handle);
  // Those in `group` that it may not hold yet: what waits for names is called off, what is newborn
  // gets the signal.
  Reached SignalNewborn(GroupHandle group, int signal);
  // Many descriptors are open: from here on children share the table first and copy its low part.
  // With few of them a whole copy is cheaper than telling when it is done.
  void set_crowded(bool crowded) { crowded_ = crowded; }
  void Forget(ChildHandle handle);

  // Takes over a descriptor that a newborn child still needs. False: nobody needs it.
  bool KeepForNewborn(int fd);

  void OnEnded(const Poller::Ready& ready, std::vector<Event>& events);
  void OnReport(const Poller::Ready& ready, std::vector<Event>& events);
  // The keeper has seen processes end.
  void OnEndings();
  // The names of a waiting child are known.
  void OnIdentity(uint64_t id,
                  const absl::StatusOr<Identity>& identity,
                  std::vector<Event>& events);
  // Reaps orphans that came to us as their sub-reaper, and says when to look again; Never: none is
  // left.
  Instant ReapStrays(Instant now) const;
  // So often at most.
  static constexpr absl::Duration kStraysEvery = absl::Seconds(1);
  // What newborn children have done since the last look; when to look again.
  void LookAtNewborn(Instant now, std::vector<Event>& events);
  Instant next_look() const { return std::min(next_look_, next_verdict_); }

 private:
  enum class Stage : uint8_t { kFree, kWaiting, kBorn, kExecutor, kRunning, kFailed, kEnded };
  struct Waiting;
  struct Process {
    uint32_t generation = 1;
    Stage stage = Stage::kFree;
    bool owned = false;  // somebody holds the Child
    bool adopted = false;
    bool await_exec = false;
    Token token = Token::kNone;
    GroupHandle group = GroupHandle::kNone;
    int pid = 0;
    uint64_t born = 0;  // of one that was adopted
    UniqueFd pidfd;
    UniqueFd report;
    BirthBlock* block = nullptr;
    exec::Trouble trouble;
    bool about_to_exec = false;
    Exit exit;
    Instant verdict = Instant::Never();  // when its end is told, known or not
    std::unique_ptr<Waiting> waiting;
  };
  // A spawn that waits for names, with copies of all that was only lent.
  struct Waiting : FdOwner {
    explicit Waiting(Closer& all) : closer(all) {}
    virtual ~Waiting() = default;
    void Close(int number) override;
    Closer& closer;
    SpawnSpec spec;
    std::vector<std::unique_ptr<Fd>> copies;
  };

  uint32_t Take(const SpawnSpec& spec);
  void Free(uint32_t index);
  ChildHandle HandleOf(uint32_t index) const;
  Process* Find(ChildHandle handle);
  const Process* Find(ChildHandle handle) const;
  absl::StatusOr<Started> Watched(const ProcessId& id,
                                  UniqueFd pidfd,
                                  const Group& group,
                                  Token token);
  Process* FindReady(const Poller::Ready& ready);

  absl::Status Begin(uint32_t index, const SpawnSpec& spec, const Identity* identity);
  bool shares_files() const { return ways_.can_share_files && crowded_; }
  absl::Status FillFiles(BirthBlock& block, Process& process);
  absl::Status Clone(uint32_t index);
  absl::Status Watch(uint32_t index);
  static int SignalProcessGroup(const Process& process, int signal);
  absl::StatusOr<std::unique_ptr<Waiting>> CopyOf(const SpawnSpec& spec);
  absl::Status AskNames(uint32_t index, const SpawnSpec& spec, const IdentityQuestion& question);
  void CallOff(uint32_t index);
  static int Harmless(const Process& process, int signal);
  Process* FindForgotten(int pid, GroupHandle group);
  void CloseHeld(BirthBlock& block);
  void GiveBlockBack(uint32_t index);
  static void Erase(std::vector<uint32_t>& list, uint32_t index);
  void Settle(uint32_t index, std::vector<Event>& events);
  void LeaveMemory(uint32_t index, std::vector<Event>& events);
  void Fail(uint32_t index, const exec::Trouble& trouble, std::vector<Event>& events);
  void LeaveExecutor(uint32_t index, std::vector<Event>& events);
  void End(uint32_t index, std::vector<Event>& events);
  bool AwaitParent(uint32_t index);
  void GiveVerdicts(Instant now, std::vector<Event>& events);
  // Of children that have not been waited for, and whether they have been told of.
  absl::flat_hash_map<int, bool> TrackedPids() const;
  Exit WaitFor(Process& process);
  // If it has ended.
  static void Reap(const Process& process);
  bool ReadReport(Process& process);
  void CloseReport(Process& process);
  static void Tell(const Process& process, Event event, std::vector<Event>& events);

  Parts parts_;
  Ways ways_;
  Births births_;
  Orders orders_;
  std::vector<Process> processes_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> waiting_;        // those that wait for names
  std::vector<uint32_t> newborn_;        // those with a block
  std::vector<ChildHandle> called_off_;  // killed before they were cloned
  std::vector<GroupHandle> released_;    // of adopted processes that were forgotten
  bool crowded_ = false;
  Instant next_look_ = Instant::Never();
  absl::Duration look_span_ = absl::ZeroDuration();  // twice as long after each look, up to this:
  static constexpr absl::Duration kLongestLook = absl::Milliseconds(10);
  std::vector<uint32_t> ended_;  // whose parents have not waited for them yet
  Instant next_verdict_ = Instant::Never();
};

}  // namespace socketd
