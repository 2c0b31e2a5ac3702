// The verbs of LinuxKernel about what the daemon before left behind.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "absl/strings/str_join.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/kernel/linux_kernel.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_rights.h"
#include "server/kernel/linux_socket.h"

namespace socketd {

namespace {

// Not a connection, which may linger, nor a file, which may be on another machine.
bool ClosesAtOnce(int number) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1) return true;
  return getsockopt(number, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_DGRAM;
}

absl::Status NotLeft() {
  return Error(absl::StatusCode::kNotFound, "NOT_LEFT", "it was not left open");
}

}  // namespace

absl::StatusOr<OpenPort> LinuxKernel::ResumeOrOpen(const ListenSpec& spec) {
  // Of twins that share a port, the first that is still of use.
  while (UniqueFd kept = estate_->TakeListener(spec)) {
    absl::StatusOr<OpenPort> resumed = ResumeListener(std::move(kept), spec);
    if (resumed.ok()) return resumed;
    LogFailure(Level::kWarning, "kernel.listener-lost", resumed.status());
  }
  absl::StatusOr<OpenPort> opened = OpenListener(spec);
  const bool in_use = ErrnoOf(opened.status()) == EADDRINUSE;
  return in_use && estate_->DropInTheWay(spec) ? OpenListener(spec) : std::move(opened);
}

absl::StatusOr<Fd> LinuxKernel::TakeOver(FileId id) {
  UniqueFd taken = estate_->Take(id);
  if (!taken) return NotLeft();
  return Fd(*this, taken.release());
}

absl::StatusOr<Fd> LinuxKernel::TakeOver(KeptId id) {
  UniqueFd taken = estate_->Take(id);
  if (!taken) return NotLeft();
  if (taken.get() >= kHighNumber) ++high_ports_;
  sockets_[taken.get()] = {};
  return Fd(*this, taken.release());
}

absl::StatusOr<Connection> LinuxKernel::TakeConnection(uint64_t cookie) {
  UniqueFd taken = estate_->TakeConnection(cookie);
  if (!taken) return NotLeft();
  return ConnectionOf(std::move(taken));
}

std::vector<Connection> LinuxKernel::TakeConnections(const Port& port) {
  std::vector<Connection> connections;
  for (UniqueFd& taken : estate_->TakeConnections(port.bound))
    connections.push_back(ConnectionOf(std::move(taken)));
  return connections;
}

std::vector<int> LinuxKernel::Members(const Group& group) {
  return groups_.Members(group.handle());
}

Connection LinuxKernel::ConnectionOf(UniqueFd taken) {
  Connection connection;
  connection.local = LocalAddressOf(taken.get());
  RawAddress remote;
  remote.length = sizeof(remote.storage);
  if (getpeername(taken.get(), remote.get(), &remote.length) == 0) {
    connection.remote = AddressOf(remote);
    if (remote.family() == AF_UNIX) connection.peer = PeerOfSocket(taken.get());
  }
  socklen_t length = sizeof(connection.cookie);
  if (getsockopt(taken.get(), SOL_SOCKET, SO_COOKIE, &connection.cookie, &length) != 0)
    connection.cookie = 0;
  if (taken.get() >= kHighNumber) ++high_ports_;
  sockets_[taken.get()] = {};
  connection.fd = Fd(*this, taken.release());
  return connection;
}

absl::StatusOr<Group> LinuxKernel::AdoptGroup(GroupId id, Token token) {
  absl::StatusOr<Cgroups::New> adopted = groups_.Adopt(id, token);
  if (!adopted.ok()) return adopted.status();
  return Group(*this, adopted->handle, adopted->id);
}

absl::StatusOr<Child> LinuxKernel::Readopt(ProcessId id, const Group& group, Token token) {
  absl::StatusOr<Children::Started> known = children_.Readopt(id, group, token);
  if (!known.ok()) return known.status();
  return Child(*this, known->handle, known->pid);
}

void LinuxKernel::EndTakeOver() {
  estate_->End([this](int number) {
    // An address is free when this returns.
    const bool ours = estate_->arrivals()->Of(number) == 0;
    if (ours && ClosesAtOnce(number))
      close(number);
    else
      closer_.Take(number);
  });
  const std::vector<std::string> killed = groups_.EndAdoption();
  if (killed.empty()) return;
  Log(Level::kWarning, "kernel.strays-killed", {{"groups", absl::StrJoin(killed, " ")}});
}

bool LinuxKernel::IsEcho(const Poller::Signal& signal) {
  constexpr absl::Duration kTogether = absl::Seconds(1);
  const Heard before = heard_;
  const Instant now = Now();
  heard_ = {signal.number, estate_->IsKeeper(signal.sender), now};
  const bool both = before.number == heard_.number && before.from_keeper != heard_.from_keeper;
  if (!both || now - before.at > kTogether) return false;
  heard_ = {};
  return true;
}

void LinuxKernel::OnBell() {
  uint64_t rings = 0;
  if (read(bell_, &rings, sizeof(rings)) < 0) return;
  children_.OnEndings();
  guard_.OnBell();
  if (on_bell_) on_bell_();
}

}  // namespace socketd
