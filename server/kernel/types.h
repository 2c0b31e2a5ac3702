// What the kernel floor and the floors above say to each other: values, and handles that
// close or forget what they stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/base/fd.h"
#include "server/base/socket_address.h"
#include "server/base/uid.h"
#include "server/kernel/socket_options.h"

namespace socketd {

// For whom an event is. The loop makes tokens (slot and generation); the kernel floor only carries
// them. kNone is never delivered.
enum class Token : uint64_t { kNone = 0 };

// ---- descriptors ----

enum class ListenType : uint8_t {
  kStream,
  kDatagram,
  kSequentialPacket,
  kFifo,
  kSpecial,       // a file that is there and can be waited for
  kNetlink,       // raw
  kMessageQueue,  // POSIX, for reading
  kUsbFunction,
};
// What is connected to, and accepts.
constexpr bool Accepts(ListenType type) {
  return type == ListenType::kStream || type == ListenType::kSequentialPacket;
}

enum class SocketProtocol : uint8_t { kDefault, kUdplite, kSctp, kMptcp };
enum class Ipv6Only : uint8_t { kDefault, kBoth, kIpv6Only };

// User and group by number; unset: leave as the kernel made it.
struct Owner {
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
};

// One thing to listen on. Listen() does everything or nothing.
struct ListenSpec {
  ListenType type = ListenType::kStream;
  SocketAddress address;
  Ipv6Only ipv6_only = Ipv6Only::kDefault;
  uint32_t backlog = 0x7FFFFFFF;                       // the kernel caps it at net.core.somaxconn
  std::string bind_to_device;                          // empty: none
  uint32_t mode = 0666;                                // of the node, permission bits
  uint32_t directory_mode = 0755;                      // of parents that have to be made
  Owner owner;                                         // of the node
  SocketProtocol protocol = SocketProtocol::kDefault;  // of those IP sockets that can have it
  bool writable = false;                               // kSpecial
  uint32_t queue_messages = 0;                         // kMessageQueue that is made; 0: the usual
  uint32_t queue_message_size = 0;                     // goes with it
  SocketOptions options;
  // Receive() tells who sent each datagram (SO_PASSCRED, SO_PASSPIDFD). For our own sockets only.
  bool pass_credentials = false;
  // Nobody may send descriptors along (SO_PASSRIGHTS), where Linux can refuse them.
  bool refuse_descriptors = false;
};

// An open port. `bound` is what getsockname(2) says: port 0 is resolved there.
struct Port {
  Fd fd;
  SocketAddress bound;
  uint64_t node = 0;  // inode of the file-system node or queue; 0: none
  // What could not be set and does not keep it from listening, a line each.
  std::vector<std::string> warnings;
};

// For whom a connection is accepted. When descriptors run out, operators still come in.
enum class AcceptFor : uint8_t { kUnit, kOperator };

// How a port was found that others have had their hands on.
enum class PortFound : uint8_t {
  kSound,
  kRepaired,  // it was shut down, and listens again
  kBroken,    // it was shut down, and must be opened anew
  kNameless,  // its node is gone or is another's, and nobody waits in its queue any more
};

// Which control group: comparable, so that a sender can be matched with a unit. kNone: unknown.
enum class GroupId : uint64_t { kNone = 0 };

struct Peer {
  int pid = 0;  // 0: unknown or in another pid namespace
  uint32_t uid = kNobodyUid;
  uint32_t gid = kNobodyUid;
  GroupId group = GroupId::kNone;
};

struct Connection {
  Fd fd;
  SocketAddress local;
  SocketAddress remote;
  Peer peer;            // unix sockets only; without the group
  uint64_t cookie = 0;  // SO_COOKIE, socket(7)
};

// A datagram or packet, with everything that came along.
struct Packet {
  std::string data;
  std::vector<Fd> fds;
  Peer peer;
  bool truncated = false;  // data or descriptors were cut off: do not believe it
};

// Which open file, socket or pipe: comparable, so that it is found again. kNone: unknown.
enum class FileId : uint64_t { kNone = 0 };

enum class Arming : uint8_t {
  kOnce,    // one event, then silence until armed again (EPOLLONESHOT)
  kLevel,   // an event in each turn while there is something
  kHangUp,  // the same, but only for the end of what is there or an error of it
};

// ---- processes ----

enum class GroupHandle : uint64_t { kNone = 0 };
enum class ChildHandle : uint64_t { kNone = 0 };

class ProcessOwner {
 public:
  virtual void DropGroup(GroupHandle group) = 0;
  virtual void ForgetChild(ChildHandle child) = 0;
  // For a child whose pid was not known when it was made (its user had to be looked up first). 0:
  // still not known.
  virtual int PidOf(ChildHandle /*child*/) const { return 0; }

 protected:
  ~ProcessOwner() = default;
};

// A control group of one run, owned. Dropping it removes it as soon as it is empty; processes in it
// are not touched, and no event is delivered for it any more.
class Group {
 public:
  Group() = default;
  Group(ProcessOwner& owner, GroupHandle handle, GroupId id)
      : owner_(&owner), handle_(handle), id_(id) {}
  Group(Group&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), handle_(other.handle_), id_(other.id_) {}
  Group& operator=(Group&& other) noexcept {
    Group dropped(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    handle_ = other.handle_;
    id_ = other.id_;
    return *this;
  }
  ~Group() {
    if (owner_ != nullptr) owner_->DropGroup(handle_);
  }
  explicit operator bool() const { return owner_ != nullptr; }
  GroupHandle handle() const { return handle_; }
  GroupId id() const { return id_; }

 private:
  ProcessOwner* owner_ = nullptr;
  GroupHandle handle_ = GroupHandle::kNone;
  GroupId id_ = GroupId::kNone;
};

// A process we started or adopted. Dropping it forgets the process: it is reaped when it ends, but
// nobody is told. It is not killed: its group still holds it.
class Child {
 public:
  Child() = default;
  Child(ProcessOwner& owner, ChildHandle handle, int pid)
      : owner_(&owner), handle_(handle), pid_(pid) {}
  Child(Child&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        handle_(other.handle_),
        pid_(std::exchange(other.pid_, 0)) {}
  Child& operator=(Child&& other) noexcept {
    Child dropped(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    handle_ = other.handle_;
    pid_ = std::exchange(other.pid_, 0);
    return *this;
  }
  ~Child() {
    if (owner_ != nullptr) owner_->ForgetChild(handle_);
  }
  explicit operator bool() const { return owner_ != nullptr; }
  ChildHandle handle() const { return handle_; }
  // For showing and for MAINPID; never for signalling. 0: it is not born yet.
  int pid() const { return pid_ != 0 || owner_ == nullptr ? pid_ : owner_->PidOf(handle_); }

 private:
  ProcessOwner* owner_ = nullptr;
  ChildHandle handle_ = ChildHandle::kNone;
  int pid_ = 0;
};

struct Exit {
  enum class How : uint8_t { kExited, kSignaled, kDumped, kUnknown };
  How how = How::kUnknown;
  int status = 0;  // exit status 0..255, or the signal's number
  bool clean() const { return how == How::kExited && status == 0; }
  friend bool operator==(const Exit&, const Exit&) = default;
};

// Where a standard stream comes from or goes to.
struct Stdio {
  enum class Kind : uint8_t {
    kNull,
    kInherit,   // stdout: as stdin; stderr: as stdout (only where that makes sense), else the
                // daemon's
    kSocket,    // SpawnSpec::stdio
    kLog,       // SpawnSpec::log
    kFile,      // opened or made, written from its start
    kAppend,    // opened or made, appended to
    kTruncate,  // opened or made, emptied
    kTty,       // waits for the terminal
    kTtyForce,  // takes the terminal from whoever has it
    kTtyFail,   // fails if somebody has it
  };
  Kind kind = Kind::kNull;
  std::string path;  // kFile, kAppend, kTruncate
};

struct Limit {
  int resource = 0;   // RLIMIT_*, getrlimit(2)
  uint64_t soft = 0;  // ~0: infinity
  uint64_t hard = 0;
};

struct ManagedDirectory {
  std::string path;      // absolute; parents are made with 0755
  uint32_t mode = 0755;  // owner: the user and group of the process
};

// Everything about a process but its words and descriptors; built once when a unit is loaded and
// shared by all its runs.
struct ExecContext {
  std::string user;   // name or number; empty: the daemon's
  std::string group;  // name or number; empty: the user's own
  std::vector<std::string> supplementary_groups;
  std::string working_directory;            // empty: "/"; "~": the user's home
  bool working_directory_optional = false;  // a missing one is not a failure
  uint32_t umask = 0022;
  Stdio standard_input;
  Stdio standard_output;
  Stdio standard_error;
  std::string tty_path = "/dev/console";
  std::vector<Limit> limits;
  std::optional<int> nice;              // -20..19
  std::optional<int> oom_score_adjust;  // -1000..1000; failing to lower it is not a failure
  bool no_new_privileges = false;
  bool ignore_sigpipe = true;
  std::vector<ManagedDirectory> directories;  // made before the identity changes
};

struct SpawnSpec {
  Token token = Token::kNone;  // for every event about this child
  const Group* group = nullptr;
  std::shared_ptr<const ExecContext> context;
  std::string program;            // absolute path
  std::vector<std::string> argv;  // argv[0] included
  // Complete, as NAME=value. The executor adds LISTEN_PID and LISTEN_PIDFDID where `fds` are
  // passed, and HOME, LOGNAME, USER and SHELL where a user is set and they are not in here.
  std::vector<std::string> environment;
  std::vector<const Fd*> fds;    // become 3, 4, ...; borrowed for the call
  size_t untouched = 0;          // the last so many of them keep their flags
  bool nonblocking = false;      // O_NONBLOCK on the others: set or cleared
  const Fd* stdio = nullptr;     // Stdio::kSocket; borrowed for the call
  const Fd* log = nullptr;       // Stdio::kLog; borrowed for the call
  bool full_privileges = false;  // "+": user, groups and no_new_privileges are not applied
  // False: a process group of its own is enough, in the daemon's session; much cheaper where Linux
  // schedules by sessions (sched_autogroup, sched(7)). What needs a session still gets one: a
  // terminal, a daemon that has one itself, groups that are found by their session.
  bool own_session = true;
  // Somebody waits for kExeced: it is looked for soon, not when there is something else to do.
  bool await_exec = false;
};

// Which process, beyond its number, which others will have.
struct ProcessId {
  int pid = 0;
  uint64_t born = 0;  // the pidfd's inode (pidfs, Linux 6.9), or the start time in clock ticks
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

enum class Whom : uint8_t { kProcess, kProcessGroup };
enum class Reached : uint8_t { kNobody, kSomebody };

// The user and group that names stand for.
struct IdentityQuery {
  std::string user;
  std::string group;
};

// ---- events ----

struct Event {
  enum class Kind : uint8_t {
    kIo,           // a watched descriptor: `readable`, `hang_up`
    kExeced,       // the program replaced the executor; comes before any kExited
    kSpawnFailed,  // the program never ran: `step`, `error`; no kExited follows, nothing to reap
    kExited,       // the process ended: ExitOf() tells how
    kGroupEmpty,   // the last process of the group is gone
    kLookedUp,     // TakeLookup() has the answer
    kSignal,       // the daemon got signal `number`; token is kNone
    kWoken,        // Wake() was called; token is kNone
  };
  Kind kind = Kind::kWoken;
  Token token = Token::kNone;
  bool readable = false;
  bool hang_up = false;
  int number = 0;            // kSignal: the signal
  int error = 0;             // kSpawnFailed: the errno
  absl::string_view step{};  // kSpawnFailed: "chdir", "exec", ...; static storage
  int exit_status = 0;       // kSpawnFailed: what systemd would show (200..242), systemd.exec(5)
};

// The place of each kind within one Poll (kernel.h): lower ones come first.
constexpr int RankOf(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kExeced:
    case Event::Kind::kSpawnFailed:
    case Event::Kind::kExited:
      return 0;
    case Event::Kind::kGroupEmpty:
      return 1;
    case Event::Kind::kLookedUp:
      return 2;
    case Event::Kind::kIo:
      return 3;
    case Event::Kind::kSignal:
      return 4;
    case Event::Kind::kWoken:
      return 5;
  }
  return 5;
}

// ---- what this machine can do, found by trying ----

struct Capability {
  std::string name;  // "clone-into-cgroup", "pidfd-info", ...
  bool available = false;
  std::string detail;  // why not, or which way was chosen
};

// Tells a file from any other, and from itself after somebody has written to it.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  absl::Time modified;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// What is at a path. Links are followed, but for `symlink`.
struct PathFacts {
  enum class Kind : uint8_t { kNothing, kFile, kDirectory, kSocket, kOther };
  Kind kind = Kind::kNothing;  // kNothing: a link that leads nowhere
  bool symlink = false;        // of the path itself
  bool empty = true;           // a file without a byte, a directory without an entry
  bool executable = false;     // a file that somebody may execute
  bool mount_point = false;    // something is mounted there
  bool read_only = false;      // its file system is mounted so
  absl::Time modified = absl::InfinitePast();
};

struct DirectoryEntry {
  enum class Kind : uint8_t { kFile, kDirectory, kSymlink, kOther };
  std::string name;
  Kind kind = Kind::kOther;
  std::string target;  // of a symlink, as written
};

}  // namespace socketd
