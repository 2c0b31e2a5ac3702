// The verbs of LinuxKernel about descriptors and files: numbers of the floor below become owned
// descriptors here.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_files.h"
#include "server/kernel/linux_kernel.h"
#include "server/kernel/linux_kind.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_options.h"
#include "server/kernel/linux_queued.h"
#include "server/kernel/linux_rights.h"
#include "server/kernel/linux_special.h"

namespace socketd {

// A tenth of the numbers is left for services, for clients and for operators.
absl::Status LinuxKernel::CheckRoomForPort(const ListenSpec& spec) const {
  const uint64_t left = std::max<uint64_t>(machine_.most_files / 10, 64);
  const auto open = static_cast<uint64_t>(sockets_.size());
  if (open + left < machine_.most_files) return absl::OkStatus();
  return SystemError(
      EMFILE, "socket",
      {{"address", ToText(spec.address)},
       {"open", absl::StrCat(open)},
       {"limit", absl::StrCat("RLIMIT_NOFILE is ", machine_.most_files, " and ", left,
                              " of it are left for services: raise "
                              "LimitNOFILE= of socketd.service")}});
}

absl::StatusOr<Port> LinuxKernel::Listen(const ListenSpec& spec) {
  if (absl::Status room = CheckRoomForPort(spec); !room.ok()) return room;
  absl::StatusOr<OpenPort> opened = ResumeOrOpen(spec);
  if (!opened.ok()) return opened.status();
  if (opened->fd.get() >= kHighNumber) ++high_ports_;
  Port port;
  port.fd = Fd(*this, opened->fd.release());
  deposit_.Add(port.fd.number());
  sockets_[port.fd.number()] = {OpenSocket::Waits::kNo, LocalOfAll(opened->bound)};
  port.bound = std::move(opened->bound);
  port.node = opened->node;
  port.warnings = std::move(opened->warnings);
  return port;
}

absl::StatusOr<PortFound> LinuxKernel::Restore(const Port& port, const ListenSpec& spec) {
  return RestoreListener(port.fd.number(), port.node, spec);
}

std::vector<std::string> LinuxKernel::Reconfigure(const Port& port,
                                                  const ListenSpec& from,
                                                  const ListenSpec& to) {
  return ReconfigureListener({port.fd.number(), port.node, from, to});
}

absl::StatusOr<Connection> LinuxKernel::Accept(const Fd& port, AcceptFor whom) {
  OpenSocket& known = sockets_[port.number()];
  // An accept that finds nobody has made a socket all the same. An event told that somebody is
  // there; whether more are is asked first.
  if (!std::exchange(known.told, false) && !SomebodyWaits(port.number())) return NobodyWaits();
  // A service may have made it blocking; nobody may hold the loop.
  if (known.waits != OpenSocket::Waits::kNo && fcntl(port.number(), F_SETFL, O_NONBLOCK) != 0)
    return SystemError(errno, "fcntl");
  // What starts and ends processes comes first: without it those who were accepted would hold all
  // numbers, and none of them could be served.
  const bool full = reserve_.size() < most_reserved_ && !ReserveNumbers();
  absl::StatusOr<Accepted> accepted = full && whom == AcceptFor::kUnit
                                          ? SystemError(EMFILE, "accept4")
                                          : AcceptFrom(port.number(), known.local);
  if (!accepted.ok() && ErrnoOf(accepted.status()) == EMFILE) {
    groups_.DropPool();
    if (whom == AcceptFor::kUnit || for_operators_.empty()) return accepted.status();
    for_operators_.pop_back();
    accepted = AcceptFrom(port.number(), known.local);
  }
  if (!accepted.ok()) return accepted.status();
  Connection connection;
  connection.fd = Fd(*this, accepted->fd.release());
  sockets_[connection.fd.number()].waits = OpenSocket::Waits::kYes;
  connection.local = std::move(accepted->local);
  connection.remote = std::move(accepted->remote);
  connection.peer = accepted->peer;
  connection.cookie = accepted->cookie;
  return connection;
}

void LinuxKernel::HandOn(const SocketOptions& options, const Connection& connection) {
  int family = AF_UNSPEC;
  socklen_t length = sizeof(family);
  if (options.empty() ||
      getsockopt(connection.fd.number(), SOL_SOCKET, SO_DOMAIN, &family, &length) != 0)
    return;
  HandOnOptions(connection.fd.number(), family, options);
}

size_t LinuxKernel::Flush(const Fd& port, const ListenSpec& spec) {
  return FlushPort(port.number(), spec);
}

std::vector<uint64_t> LinuxKernel::Queued(const Fd& port, const ListenSpec& spec) {
  return LookAtQueue(port.number(), spec);
}

// Without control groups what the pidfd says is the daemon's own group; on older kernels it says
// nothing.
Peer LinuxKernel::WithGroup(Peer peer) const {
  // One below a unit's was made by the service itself: where it is tells whose it is.
  const bool told = groups_.real() && groups_.Knows(peer.group);
  if (!told) peer.group = groups_.GroupOf(peer.pid);
  return peer;
}

absl::Status LinuxKernel::Arm(const Fd& fd, Token token, Arming arming) {
  if (arming == Arming::kHangUp && !HangsUp(KindOf(fd.number())))
    return Error(absl::StatusCode::kFailedPrecondition, "CANNOT_WAIT", "it never hangs up");
  return poller_->Arm(fd.number(), token, arming);
}

void LinuxKernel::Disarm(const Fd& fd) {
  poller_->Disarm(fd.number());
}

void LinuxKernel::Close(int number) {
  const auto known = sockets_.find(number);
  if (known != sockets_.end()) {
    kept_ -= known->second.kept ? 1 : 0;
    sockets_.erase(known);
  }
  poller_->Forget(number);
  deposit_.Remove(number);
  if (number >= kHighNumber && high_ports_ > 0) --high_ports_;
  if (!children_.KeepForNewborn(number)) closer_.Close(number);
}

absl::StatusOr<Kernel::PipeEnds> LinuxKernel::Pipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return SystemError(errno, "pipe2");
  PipeEnds pipe;
  pipe.read = Fd(*this, ends[0]);
  pipe.write = Fd(*this, ends[1]);
  // Only ours: a program that writes to a log expects to wait when nobody reads.
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return SystemError(errno, "fcntl");
  return pipe;
}

absl::StatusOr<std::string> LinuxKernel::Read(const Fd& fd, size_t limit) {
  constexpr size_t kMost = 1 << 20;
  std::string text(std::min(limit, kMost), '\0');
  const ssize_t length = read(fd.number(), text.data(), text.size());
  if (length >= 0) {
    text.resize(static_cast<size_t>(length));
    return text;
  }
  const int error = errno;
  if (error != EAGAIN && error != EINTR) return SystemError(error, "read");
  return Error(absl::StatusCode::kUnavailable, "WOULD_BLOCK", "nothing to read now");
}

absl::StatusOr<Packet> LinuxKernel::Receive(const Fd& socket) {
  absl::StatusOr<RawPacket> raw = ReceivePacket(socket.number(), 0);
  if (!raw.ok()) return raw.status();
  return PacketOf(*std::move(raw));
}

absl::StatusOr<Packet> LinuxKernel::Peek(const Fd& socket) {
  absl::StatusOr<RawPacket> raw = ReceivePacket(socket.number(), MSG_PEEK);
  if (!raw.ok()) return raw.status();
  return PacketOf(*std::move(raw));
}

// The kernel closes what nobody has room for. It is not the last copy, for which one may wait: Peek
// has made others.
absl::Status LinuxKernel::DropPacket(const Fd& socket) {
  char byte = 0;
  if (recv(socket.number(), &byte, sizeof(byte), MSG_DONTWAIT) >= 0) return absl::OkStatus();
  return SystemError(errno, "recv");
}

Packet LinuxKernel::PacketOf(RawPacket raw) {
  Packet packet;
  packet.data = std::move(raw.data);
  packet.peer = WithGroup(raw.peer);
  packet.truncated = raw.truncated;
  for (UniqueFd& fd : raw.fds) {
    estate_->arrivals()->Add(fd.get());
    if (fd.get() >= kHighNumber) ++high_ports_;
    sockets_[fd.get()] = {};
    packet.fds.emplace_back(*this, fd.release());
  }
  // Half of what was sent is not what was meant: none of it is kept open.
  if (packet.truncated) packet.fds.clear();
  return packet;
}

absl::Status LinuxKernel::Send(const Fd& socket,
                               absl::string_view data,
                               absl::Span<const Fd* const> fds) {
  std::vector<int> numbers;
  numbers.reserve(fds.size());
  for (const Fd* fd : fds) {
    numbers.push_back(fd->number());
    sockets_[fd->number()].waits = OpenSocket::Waits::kUnknown;
  }
  return SendPacket(socket.number(), data, numbers);
}

absl::StatusOr<std::string> LinuxKernel::ReadFile(const std::string& path, size_t limit) {
  return ReadRegularFile(path, limit);
}

absl::StatusOr<FileStamp> LinuxKernel::StampOf(const std::string& path) {
  return StampOfFile(path);
}

absl::StatusOr<PathFacts> LinuxKernel::Inspect(const std::string& path) {
  return FactsOfPath(path);
}

absl::StatusOr<std::vector<DirectoryEntry>> LinuxKernel::ListDirectory(const std::string& path) {
  return ListFolder(path);
}

absl::Status LinuxKernel::WriteFile(const std::string& path, absl::string_view text) {
  return ReplaceFile(path, text);
}

absl::Status LinuxKernel::MakeSymlink(const std::string& target, const std::string& path) {
  return LinkTo(target, path);
}

absl::Status LinuxKernel::Remove(const std::string& path, uint64_t node) {
  return RemoveIf(path, node);
}

absl::Status LinuxKernel::RemoveQueue(const std::string& name, uint64_t node) {
  return RemoveQueueIf(name, node);
}

}  // namespace socketd
