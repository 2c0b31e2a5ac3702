// The promise of kernel.h kept on Linux. Owned by main; everything on the engine thread but Wake.
// Open() blocks all signals in the calling thread, so it comes before any other thread is started:
// they inherit it, and a child cloned from the engine thread starts quiet. What the machine lacks
// is found by trying and worked around; Capabilities() names it.
//
// A spawn costs one clone that copies nothing (linux_birth.h). Orders that change who the process
// is, or may wait for a device, are obeyed by the executor, a program of its own; all others by the
// child itself on its way to exec. Child::pid() is 0 for a child whose user was not known yet when
// Spawn returned: it is known when the lookup has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/keeper/life.h"
#include "server/kernel/kernel.h"
#include "server/kernel/linux_cgroup.h"
#include "server/kernel/linux_child.h"
#include "server/kernel/linux_closer.h"
#include "server/kernel/linux_deposit.h"
#include "server/kernel/linux_estate.h"
#include "server/kernel/linux_guard.h"
#include "server/kernel/linux_lookup.h"
#include "server/kernel/linux_poll.h"
#include "server/kernel/linux_probe.h"
#include "server/kernel/linux_rights.h"
#include "server/kernel/linux_tree.h"

namespace socketd {

struct OpenPort;

struct LinuxOptions {
  // Path of socketd-exec; empty: beside this program, or in ../libexec/socketd.
  std::string executor;
  // False: leave the cgroup hierarchy alone; groups are sessions and process groups.
  bool control_groups = true;
  // Of a daemon that is kept; the default is a life of its own.
  Life life{};
  // What was found before, by whoever keeps it: it need not be tried again. Borrowed by Open().
  const Machine* machine = nullptr;
  // Another one keeps this daemon now, by its process id; 0: nobody does any more.
  std::function<void(int)> on_keeper{};
  // Has open ports held above, should all who share this table end at once; null: nobody is there.
  Deposit::Give deposit{};
  // The page that is shared with the keeper has changed.
  std::function<void()> on_bell{};
};

// Standard streams that are closed would be taken by the next descriptor that is opened: to be
// called before any is.
void FillStandardStreams();

class LinuxKernel final : public Kernel {
 public:
  static absl::StatusOr<std::unique_ptr<LinuxKernel>> Open(const LinuxOptions& options);
  LinuxKernel(const LinuxKernel&) = delete;
  LinuxKernel& operator=(const LinuxKernel&) = delete;
  ~LinuxKernel() override;

  Instant Now() override;
  absl::Time WallNow() override;
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

  void Lookup(const IdentityQuery& query, Token token) override;
  absl::StatusOr<Owner> TakeLookup(Token token) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) override;
  absl::StatusOr<FileStamp> StampOf(const std::string& path) override;
  absl::StatusOr<PathFacts> Inspect(const std::string& path) override;
  absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) override;
  absl::Status WriteFile(const std::string& path, absl::string_view text) override;
  absl::Status MakeSymlink(const std::string& target, const std::string& path) override;
  absl::Status Remove(const std::string& path, uint64_t node) override;
  absl::Status RemoveTree(const std::string& path) override { return trees_.Remove(path); }
  absl::Status RemoveQueue(const std::string& name, uint64_t node) override;

  absl::Span<char> Memory(size_t size) override { return estate_->Memory(size); }
  FileId IdOf(const Fd& fd) override { return FileIdOf(fd.number()); }
  absl::StatusOr<Fd> TakeOver(FileId id) override;
  absl::StatusOr<Fd> TakeOver(KeptId id) override;
  absl::StatusOr<Connection> TakeConnection(uint64_t cookie) override;
  std::vector<Connection> TakeConnections(const Port& port) override;
  absl::StatusOr<Group> AdoptGroup(GroupId id, Token token) override;
  std::vector<int> Members(const Group& group) override;
  ProcessId IdOf(const Child& child) override { return children_.IdOf(child.handle()); }
  absl::StatusOr<Child> Readopt(ProcessId id, const Group& group, Token token) override;
  void EndTakeOver() override;

  const std::vector<Capability>& Capabilities() const override { return machine_.capabilities; }

  void Close(int number) override;
  void DropGroup(GroupHandle group) override;
  void ForgetChild(ChildHandle child) override;
  int PidOf(ChildHandle child) const override { return children_.PidOf(child); }

 private:
  struct Opened;
  LinuxKernel(Opened opened, const LinuxOptions& options);

  void Collect(const Poller::Ready& ready);
  void CollectAnswers();
  void LookAtStrays(Instant now);
  Peer WithGroup(Peer peer) const;
  Packet PacketOf(RawPacket raw);
  Connection ConnectionOf(UniqueFd fd);
  void MakeRoom();
  absl::Status CheckRoomForPort(const ListenSpec& spec) const;
  absl::Status CheckRoomToKeep() const;
  // False: there are fewer than at the start.
  bool ReserveNumbers();
  void Lend(const Fd& fd, bool nonblocking);
  void CountCrowd();
  absl::StatusOr<OpenPort> ResumeOrOpen(const ListenSpec& spec);
  void OnBell();
  // The keeper passes on what all of a group were sent.
  bool IsEcho(const Poller::Signal& signal);

  std::unique_ptr<Estate> estate_;
  std::unique_ptr<Poller> poller_;
  // Once everything below is gone: groups are folders in the machine's folder.
  struct Departure {
    explicit Departure(const Machine& machine) : machine(machine) {}
    Departure(const Departure&) = delete;
    Departure& operator=(const Departure&) = delete;
    ~Departure() { Leave(machine); }
    const Machine& machine;
  };

  // What is known of a port or connection without asking the kernel.
  struct OpenSocket {
    // Whether calls on it wait; nobody knows once a service has had it.
    enum class Waits : uint8_t { kNo, kYes, kUnknown };
    Waits waits = Waits::kUnknown;
    SocketAddress local;  // of a port: of all its connections (LocalOfAll)
    bool told = false;    // of a port: an event said that somebody is there
    bool kept = false;    // of what a stranger has sent: it stays
  };

  Machine machine_;
  Departure departure_{machine_};
  UniqueFd null_;
  UniqueFd executor_;
  UniqueFd wake_;
  int high_ports_ = 0;  // open descriptors that children need not copy
  Closer closer_;
  Deposit deposit_;
  std::unordered_map<int, OpenSocket> sockets_;  // by descriptor number
  uint64_t kept_ = 0;                            // of what strangers have sent
  Instant strays_at_ = Instant::Never();
  std::vector<UniqueFd> reserve_;        // numbers for starts when there are no more
  std::vector<UniqueFd> for_operators_;  // and for those who come to see why
  size_t most_reserved_ = 0;             // how many there was room for at the start
  const int bell_;
  const std::function<void()> on_bell_;
  Guard guard_;
  struct Heard {
    int number = 0;
    bool from_keeper = false;
    Instant at = Instant::Start();
  };
  Heard heard_;
  Lookups lookups_;
  Cgroups groups_;
  Children children_;
  std::unordered_map<uint64_t, Token> asked_;  // lookups by number
  std::unordered_map<Token, absl::StatusOr<Owner>> answers_;
  uint64_t next_lookup_;
  Trees trees_;
  std::vector<Event> events_;
};

}  // namespace socketd
