// Everything the engine asks of the outside world. Production has LinuxKernel, tests have
// FakeKernel (tests/sim) with virtual time; tests/sim/kernel_contract runs on both. Calls never
// block, except Poll. Engine thread only, except Wake. Failures carry reason, call and errno
// (base/errors.h).
//
// Order of events within one Poll: exits and spawn results, group-empty, lookups, I/O, signals,
// wake-ups. For one child: kExeced or kSpawnFailed, then kExited; a group's kGroupEmpty never comes
// before the kExited of a child in it that is still owned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "server/base/fd.h"
#include "server/base/instant.h"
#include "server/kernel/kept.h"
#include "server/kernel/types.h"

namespace socketd {

class Kernel : public FdOwner, public ProcessOwner {
 public:
  virtual ~Kernel() = default;

  // ---- time and turns ----

  // Never runs backwards; the loop reads it once per turn.
  virtual Instant Now() = 0;
  // For stamps shown to people, never for deadlines.
  virtual absl::Time WallNow() = 0;
  // Waits for events, at most until `deadline`. The events are valid until the next call.
  virtual absl::Span<const Event> Poll(Instant deadline) = 0;
  // From any thread and any number of times: this or the next Poll returns with a kWoken.
  virtual void Wake() = 0;

  // ---- listening and connections ----

  // Opens, sets options, binds, sets mode and owner, listens; on failure nothing is left behind.
  // Options that the system refuses are warnings of the port. Reasons: PORT_IN_USE (facts: address,
  // and holder if known), ADDRESS_NOT_AVAILABLE, NOT_A_SOCKET (a node of another type is in the
  // way), NO_SUCH_DEVICE, NO_SUCH_PROTOCOL, NOT_SUPPORTED (this machine has none of the kind),
  // CANNOT_WAIT (the file is always ready), PERMISSION_DENIED, SYSTEM_ERROR. A part of the
  // descriptors is left for services and operators: EMFILE, with the limit.
  virtual absl::StatusOr<Port> Listen(const ListenSpec& spec) = 0;
  // Puts a listener that services have had their hands on back in order: non-blocking, backlog,
  // still listening. Says how it was found.
  virtual absl::StatusOr<PortFound> Restore(const Port& port, const ListenSpec& spec) = 0;
  // Gives an open port what `to` has and `from`, which it has, has not: backlog, owner and mode of
  // its node, options; an option that is not in `to` becomes what it is on a new socket. The
  // address and what only a new port can have are the same in both. Returns what was not obeyed,
  // as in Port::warnings.
  virtual std::vector<std::string> Reconfigure(const Port& port,
                                               const ListenSpec& from,
                                               const ListenSpec& to) = 0;
  // The next connection. UNAVAILABLE: none is waiting, or the client has left already. Resource
  // shortages (IsResourceShortage) leave the connection in the queue.
  virtual absl::StatusOr<Connection> Accept(const Fd& port, AcceptFor whom) = 0;
  // Gives a connection of a listener those options of it that the system does not hand on.
  virtual void HandOn(const SocketOptions& options, const Connection& connection) = 0;
  // Drops what is queued at a port: connections, packets, messages, bytes; at most 1024 of them.
  // Returns how many that were.
  virtual size_t Flush(const Fd& port, const ListenSpec& spec) = 0;
  // Identities of what waits at a port, sorted, without taking any of it: of connections, and of
  // the first datagram. None of what cannot be told apart.
  virtual std::vector<uint64_t> Queued(const Fd& port, const ListenSpec& spec) = 0;
  // Delivers kIo events for `fd` to `token`. Arming an armed descriptor again re-arms it; what is
  // already pending is reported. kHangUp, CANNOT_WAIT: it never hangs up, or whether it does cannot
  // be asked without waiting for a stranger.
  virtual absl::Status Arm(const Fd& fd, Token token, Arming arming) = 0;
  // Before close, always: epoll(7) keeps an interest as long as a copy of the descriptor is open.
  virtual void Disarm(const Fd& fd) = 0;

  // ---- bytes and descriptors between processes ----

  struct PipeEnds {
    Fd read;  // non-blocking
    Fd write;
  };
  virtual absl::StatusOr<PipeEnds> Pipe() = 0;
  // At most `limit` bytes. Empty: the end. UNAVAILABLE: nothing now.
  virtual absl::StatusOr<std::string> Read(const Fd& fd, size_t limit) = 0;
  // One packet with its sender. UNAVAILABLE: none now.
  virtual absl::StatusOr<Packet> Receive(const Fd& socket) = 0;
  // The same packet that Receive would take, which stays.
  virtual absl::StatusOr<Packet> Peek(const Fd& socket) = 0;
  // Takes off the packet that Peek has told of. Descriptors that came along are not opened once
  // more, and those that Peek has opened stay.
  virtual absl::Status DropPacket(const Fd& socket) = 0;
  // One packet with at most 253 descriptors (SCM_MAX_FD, unix(7)). UNAVAILABLE: the peer's queue is
  // full. Never raises SIGPIPE.
  virtual absl::Status Send(const Fd& socket,
                            absl::string_view data,
                            absl::Span<const Fd* const> fds) = 0;
  // What came with a packet is to stay open, beyond the daemon's end too; the same answer each
  // time. EMFILE, with the limit: a part of the descriptors is left for all else.
  virtual absl::StatusOr<Kept> Keep(const Fd& fd) = 0;
  // An order of what is open; 0: both are the same, one a duplicate of the other (dup(2)). Where
  // the system does not tell, what has no inode of its own is the same as nothing else.
  virtual int Compare(const Fd& left, const Fd& right) = 0;

  // ---- processes ----

  // A new control group for one run of `unit`. kGroupEmpty events go to `token`, once each time it
  // becomes empty after it had a process.
  virtual absl::StatusOr<Group> NewGroup(absl::string_view unit, Token token) = 0;
  // Starts a process; what becomes of it is told by events with the spec's token. An error here
  // means that there is no process.
  virtual absl::StatusOr<Child> Spawn(const SpawnSpec& spec) = 0;
  // Takes process `pid` under watch if it is alive and in `group`. NOT_FOUND otherwise.
  virtual absl::StatusOr<Child> Adopt(int pid, const Group& group, Token token) = 0;
  // kNobody: it is gone already, which is no error.
  virtual absl::StatusOr<Reached> Signal(const Child& child, int signal, Whom whom) = 0;
  // Every process of the group, repeated until no new one shows up. SIGCONT follows SIGTERM, so
  // that stopped ones can obey.
  virtual absl::StatusOr<Reached> SignalGroup(const Group& group, int signal) = 0;
  virtual bool Populated(const Group& group) = 0;
  // How a child ended, after its kExited. The system keeps it as a zombie until the Child is
  // dropped, so that the end is not forgotten should this daemon end before it has done with it.
  virtual Exit ExitOf(const Child& child) = 0;

  // ---- what outlives this process ----
  // A keeper (server/keeper) starts the next daemon when this one is gone, however it went. The
  // next one finds all that was open here: its Listen() goes on with a listener of the same kind
  // that is bound to the address already, whoever waits in its queue included.

  // Memory that the next daemon finds as this one left it: `size` bytes at least, zero where nobody
  // has written. What is there stays when it grows, but may move. Empty: nobody keeps it.
  virtual absl::Span<char> Memory(size_t size) = 0;
  // Tells what is open from anything else that is, as long as it is.
  virtual FileId IdOf(const Fd& fd) = 0;
  // What was open in the daemon before; each once. NOT_FOUND: it was not.
  virtual absl::StatusOr<Fd> TakeOver(FileId id) = 0;
  // The same for what a stranger has sent, which is found in no other way: it is neither a port nor
  // a connection of ours.
  virtual absl::StatusOr<Fd> TakeOver(KeptId id) = 0;
  // The same for a connection, by its cookie.
  virtual absl::StatusOr<Connection> TakeConnection(uint64_t cookie) = 0;
  // The connections that the daemon before had accepted from a port and nobody has taken over.
  virtual std::vector<Connection> TakeConnections(const Port& port) = 0;
  // A control group of the daemon before, as if NewGroup had made it here. NOT_FOUND: it is gone.
  virtual absl::StatusOr<Group> AdoptGroup(GroupId id, Token token) = 0;
  // The processes that are in a group, and where it can be told those of the daemon before that
  // have ended in it and nobody has readopted.
  virtual std::vector<int> Members(const Group& group) = 0;
  // Tells a process from any other, those that have or will have its number included. Zero: not
  // known, as it is not born yet.
  virtual ProcessId IdOf(const Child& child) = 0;
  // Takes a process that the daemon before has started under watch, alive or not: if it has ended,
  // its kExited comes with the next Poll. No kExeced comes. Where nothing is known of its birth, to
  // be in the group is enough. NOT_FOUND: nobody knows what became of it.
  virtual absl::StatusOr<Child> Readopt(ProcessId id, const Group& group, Token token) = 0;
  // Closes what nobody has taken over, and gives up groups that nobody has adopted.
  virtual void EndTakeOver() = 0;

  // ---- names and files ----

  // Starts to find out what user and group names stand for; kLookedUp tells when it is known. NSS
  // may take seconds: never in the loop.
  virtual void Lookup(const IdentityQuery& query, Token token) = 0;
  // The answer of a kLookedUp; it is kept until the next Poll. Reasons: NO_SUCH_USER,
  // NO_SUCH_GROUP, NOT_LOOKED_UP.
  virtual absl::StatusOr<Owner> TakeLookup(Token token) = 0;
  // At most `limit` bytes of a regular file, else OUT_OF_RANGE. NOT_FOUND if there is none.
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) = 0;
  // Of what ReadFile would read; links are followed. NOT_FOUND if there is nothing.
  virtual absl::StatusOr<FileStamp> StampOf(const std::string& path) = 0;
  // What is at `path`; NOT_FOUND if there is nothing.
  virtual absl::StatusOr<PathFacts> Inspect(const std::string& path) = 0;
  // Sorted by name. NOT_FOUND if there is no such directory.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) = 0;
  // Replaces `path` with `text`, durably and in one step (write, fsync, rename).
  virtual absl::Status WriteFile(const std::string& path, absl::string_view text) = 0;
  // A link that leads there already is as good as a new one; anything else in the way is EEXIST.
  virtual absl::Status MakeSymlink(const std::string& target, const std::string& path) = 0;
  // Removes a node if it is still the one with inode `node`; 0: whatever it is but a directory.
  virtual absl::Status Remove(const std::string& path, uint64_t node) = 0;
  // Removes what is at `path`: a folder with all that is in it, anything else as itself. Its name
  // is free when this returns; what was in a folder goes bit by bit in the Polls that follow. No
  // link is followed, no mount entered. NOT_FOUND if there is nothing.
  virtual absl::Status RemoveTree(const std::string& path) = 0;

  // The same for a message queue, by its name.
  virtual absl::Status RemoveQueue(const std::string& name, uint64_t node) = 0;

  // What was found by trying at start, with the fallback chosen where something is missing.
  virtual const std::vector<Capability>& Capabilities() const = 0;
};

}  // namespace socketd
