// The kernel of the simulated world (tests/README.md): the same promise as LinuxKernel, over
// virtual time. Poll jumps to the next thing that happens; children are scripts; clients come when
// a test says so; any call can be told to fail; simultaneous events come in an order that the seed
// picks. At the end of a test problems() and Leaks() must be empty.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/kernel/kernel.h"
#include "tests/sim/dice.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_descriptors.h"
#include "tests/sim/fake_faults.h"
#include "tests/sim/fake_files.h"
#include "tests/sim/fake_groups.h"
#include "tests/sim/fake_ports.h"
#include "tests/sim/fake_processes.h"

namespace socketd::sim {

class FakeKernel final : public Kernel {
 public:
  explicit FakeKernel(uint64_t seed = 0);
  ~FakeKernel() override = default;
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  // ---- the world, for tests ----

  Dice& dice() { return dice_; }
  FakeClock& clock() { return clock_; }
  FakePorts& ports() { return ports_; }
  const FakePorts& ports() const { return ports_; }
  FakeFiles& files() { return files_; }
  const FakeFiles& files() const { return files_; }
  FakeFaults& faults() { return faults_; }
  FakeProcesses& processes() { return processes_; }
  const FakeProcesses& processes() const { return processes_; }
  const FakeDescriptors& descriptors() const { return descriptors_; }
  const FakeGroups& groups() const { return groups_; }

  // The daemon is killed at its `nth` counted call from the beginning (from 1): before that is
  // done, or right after it. From then on nothing that it does reaches the world.
  void KillAt(uint64_t nth, bool after);
  void Kill();
  bool Killed();
  // All that was the daemon's own is gone: the next one may start.
  void Bury();

  // The daemon gets a signal.
  void Raise(int number);
  // At most so many events a Poll.
  void LimitEvents(size_t most) { event_limit_ = most; }
  // The next Poll that waits comes back this much too late, as if the machine had been suspended.
  void Oversleep(absl::Duration span) { oversleep_ = span; }
  // Look-ups of names take this long.
  void SlowDownLookups(absl::Duration span) { lookup_time_ = span; }
  // How often it was asked what tells a descriptor from others.
  int ids_told() const { return ids_told_; }
  // SIGKILLs that a planned failure kept from being sent.
  int lost_kills() const { return lost_kills_; }
  // True if a Poll that may not wait would return something.
  bool HasEvents();
  // What was done wrong with descriptors, children and groups so far.
  const std::vector<std::string>& problems() const { return descriptors_.problems(); }
  // What is still held.
  std::vector<std::string> Leaks() const;

  // ---- the promise ----

  void Close(int number) override;
  void DropGroup(GroupHandle group) override;
  void ForgetChild(ChildHandle child) override;
  Instant Now() override { return clock_.now(); }
  absl::Time WallNow() override { return clock_.wall(); }
  absl::Span<const Event> Poll(Instant deadline) override;
  void Wake() override;
  absl::StatusOr<Port> Listen(const ListenSpec& spec) override;
  absl::StatusOr<PortFound> Restore(const Port& port, const ListenSpec& spec) override;
  std::vector<std::string> Reconfigure(const Port& port,
                                       const ListenSpec& from,
                                       const ListenSpec& to) override;
  absl::StatusOr<Connection> Accept(const Fd& port, AcceptFor whom) override;
  void HandOn(const SocketOptions& options, const Connection& connection) override;
  size_t Flush(const Fd& port, const ListenSpec& spec) override;
  std::vector<uint64_t> Queued(const Fd& port, const ListenSpec& spec) override;
  absl::Status Arm(const Fd& fd, Token token, Arming arming) override;
  void Disarm(const Fd& fd) override;
  absl::StatusOr<PipeEnds> Pipe() override;
  absl::StatusOr<std::string> Read(const Fd& fd, size_t limit) override;
  absl::StatusOr<Packet> Receive(const Fd& socket) override;
  absl::StatusOr<Packet> Peek(const Fd& socket) override;
  absl::Status DropPacket(const Fd& socket) override;
  absl::Status Send(const Fd& socket,
                    absl::string_view data,
                    absl::Span<const Fd* const> fds) override;
  absl::StatusOr<Kept> Keep(const Fd& fd) override;
  int Compare(const Fd& left, const Fd& right) override;
  absl::StatusOr<Group> NewGroup(absl::string_view unit, Token token) override;
  absl::StatusOr<Child> Spawn(const SpawnSpec& spec) override;
  absl::StatusOr<Child> Adopt(int pid, const Group& group, Token token) override;
  absl::StatusOr<Reached> Signal(const Child& child, int signal, Whom whom) override;
  absl::StatusOr<Reached> SignalGroup(const Group& group, int signal) override;
  bool Populated(const Group& group) override;
  Exit ExitOf(const Child& child) override;
  absl::Span<char> Memory(size_t size) override;
  FileId IdOf(const Fd& fd) override;
  absl::StatusOr<Fd> TakeOver(FileId id) override;
  absl::StatusOr<Fd> TakeOver(KeptId id) override;
  absl::StatusOr<Connection> TakeConnection(uint64_t cookie) override;
  std::vector<Connection> TakeConnections(const Port& port) override;
  absl::StatusOr<Group> AdoptGroup(GroupId id, Token token) override;
  std::vector<int> Members(const Group& group) override;
  ProcessId IdOf(const Child& child) override;
  absl::StatusOr<Child> Readopt(ProcessId id, const Group& group, Token token) override;
  void EndTakeOver() override;
  void Lookup(const IdentityQuery& query, Token token) override;
  absl::StatusOr<Owner> TakeLookup(Token token) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) override;
  absl::StatusOr<FileStamp> StampOf(const std::string& path) override;
  absl::StatusOr<PathFacts> Inspect(const std::string& path) override;
  absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) override;
  absl::Status WriteFile(const std::string& path, absl::string_view text) override;
  absl::Status MakeSymlink(const std::string& target, const std::string& path) override;
  absl::Status Remove(const std::string& path, uint64_t node) override;
  absl::Status RemoveTree(const std::string& path) override;
  absl::Status RemoveQueue(const std::string& name, uint64_t node) override;
  const std::vector<Capability>& Capabilities() const override { return capabilities_; }

 private:
  // OK, or the failure that a test has planned for this call.
  absl::Status Admit(Call call, const std::string& about = "");
  void Problem(std::string what) { descriptors_.Problem(std::move(what)); }
  std::vector<std::shared_ptr<FakeFile>> Passed(const SpawnSpec& spec);
  std::shared_ptr<FakeFile> TakeListener(const ListenSpec& spec);
  Connection Open(std::shared_ptr<FakeFile> connection);
  absl::StatusOr<uint32_t> NumberOf(const std::string& name, absl::string_view reason) const;

  Dice dice_;
  FakeClock clock_;
  EventQueue queue_;
  FakeFaults faults_;
  FakeFiles files_;
  FakePorts ports_;
  FakeGroups groups_;
  FakeDescriptors descriptors_;
  FakeProcesses processes_;
  // What outlives the daemon, and how it comes to its end (fake_kernel_estate.cc).
  std::vector<char> memory_;
  std::vector<FakeDescriptors::Left> estate_;
  std::vector<char> last_memory_;  // as it was when the daemon was killed
  uint64_t kill_at_ = 0;
  bool kill_after_ = false;
  bool dying_ = false;
  bool killed_ = false;
  std::atomic<bool> woken_{false};
  std::vector<Event> events_;
  int lost_kills_ = 0;
  int ids_told_ = 0;
  size_t event_limit_ = 1000;
  absl::Duration oversleep_;
  absl::Duration lookup_time_;
  std::map<std::string, uint32_t> users_{{"root", 0}, {"nobody", 65534}};
  std::map<Token, IdentityQuery> lookups_;
  std::vector<Capability> capabilities_;
};

}  // namespace socketd::sim
