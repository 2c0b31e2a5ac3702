// The part of the fake kernel that deals with descriptors.

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "tests/sim/fake_kernel.h"

namespace socketd::sim {
namespace {

// Packets that a socket holds before its sender is told to wait.
constexpr size_t kQueuedPackets = 64;
constexpr size_t kMaxPassed = 253;  // SCM_MAX_FD, unix(7)

absl::Status Nothing(absl::string_view call) {
  return Error(absl::StatusCode::kUnavailable, "NOTHING_YET", absl::StrCat(call, ": nothing yet"));
}

absl::Status BadFd(absl::string_view call) {
  return SystemError(EBADF, call);
}

// Takes at most `limit` bytes off `from`; empty, and the end, or UNAVAILABLE, if there are none.
absl::StatusOr<std::string> TakeBytes(std::string& from, size_t limit, bool ended) {
  if (from.empty() && !ended) return Nothing("Read");
  std::string taken = from.substr(0, limit);
  from.erase(0, taken.size());
  return taken;
}

std::string NotObeyed(absl::string_view key, const ListenSpec& spec, absl::string_view why) {
  return absl::StrCat("[Socket] ", key, "=: not obeyed for ", ToText(spec.address), ": ", why);
}

// What Linux does not know is not obeyed.
std::vector<std::string> WarningsOf(const ListenSpec& spec) {
  std::vector<std::string> warnings;
  for (const OptionValue& value : spec.options) {
    const bool known = value.text == "reno" || value.text == "cubic";
    if (value.option != SocketOption::kTcpCongestion || known) continue;
    warnings.push_back(NotObeyed(NameOf(value.option), spec, "ENOENT"));
  }
  return warnings;
}

}  // namespace

void FakeKernel::Close(int number) {
  if (Killed()) return;
  descriptors_.Close(number);
}

absl::StatusOr<Port> FakeKernel::Listen(const ListenSpec& spec) {
  const std::string text = ToText(spec.address);
  if (absl::Status failed = Admit(Call::kListen, text); !failed.ok()) return failed;
  absl::StatusOr<std::shared_ptr<FakeFile>> file = TakeListener(spec);
  if (*file == nullptr) file = ports_.Listen(spec);
  if (!file.ok()) return file.status();
  Port port;
  port.bound = (*file)->bound;
  port.node = (*file)->node;
  port.warnings = WarningsOf(spec);
  port.fd = descriptors_.Open(*std::move(file), absl::StrCat("Listen ", text));
  return port;
}

absl::StatusOr<PortFound> FakeKernel::Restore(const Port& port, const ListenSpec& spec) {
  if (absl::Status failed = Admit(Call::kRestore); !failed.ok()) return failed;
  const auto file = descriptors_.Find(port.fd, "Restore");
  if (!file) return BadFd("listen");
  if (file->broken) return PortFound::kBroken;
  const bool nameless = spec.type != ListenType::kSpecial && FakePorts::WaitingAt(*file) == 0 &&
                        !ports_.HasItsNode(*file);
  return nameless ? PortFound::kNameless : PortFound::kSound;
}

std::vector<std::string> FakeKernel::Reconfigure(const Port& port,
                                                 const ListenSpec& from,
                                                 const ListenSpec& to) {
  if (Killed()) return {};
  const auto file = descriptors_.Find(port.fd, "Reconfigure");
  if (!file || !Admit(Call::kReconfigure).ok()) return {NotObeyed("Backlog", to, "EPERM")};
  const bool other_place = from.type != to.type || ToText(from.address) != ToText(to.address);
  if (other_place || from.ipv6_only != to.ipv6_only)
    Problem("Reconfigure cannot make another port of one");
  file->spec = to;
  const auto* path = std::get_if<PathAddress>(&to.address);
  if (path != nullptr) files_.SetMode(path->path, port.node, to.mode);
  return WarningsOf(to);
}

absl::StatusOr<Connection> FakeKernel::Accept(const Fd& port, AcceptFor /*whom*/) {
  if (absl::Status failed = Admit(Call::kAccept); !failed.ok()) return failed;
  const auto file = descriptors_.Find(port, "Accept");
  if (!file) return BadFd("accept4");
  if (file->broken) return SystemError(EINVAL, "accept4");
  const Client client = FakePorts::Accept(*file, 0);
  if (client == nullptr || client->client_left) return Nothing("accept4");
  auto accepted = std::make_shared<FakeFile>();
  accepted->kind = FakeFile::Kind::kConnection;
  accepted->talk = client;
  return Open(std::move(accepted));
}

Connection FakeKernel::Open(std::shared_ptr<FakeFile> accepted) {
  const Client client = accepted->talk;
  Connection connection;
  connection.local = client->local;
  connection.remote = client->remote;
  connection.peer = client->peer;
  connection.peer.group = GroupId::kNone;
  connection.cookie = client->id;
  connection.fd =
      descriptors_.Open(std::move(accepted), absl::StrCat("Accept ", ToText(client->local)));
  return connection;
}

void FakeKernel::HandOn(const SocketOptions& options, const Connection& connection) {
  if (Killed()) return;
  const auto file = descriptors_.Find(connection.fd, "HandOn");
  if (file) file->spec.options = options;
}

size_t FakeKernel::Flush(const Fd& port, const ListenSpec& /*spec*/) {
  if (Killed()) return 0;
  const auto file = descriptors_.Find(port, "Flush");
  return file ? FakePorts::Flush(*file) : 0;
}

std::vector<uint64_t> FakeKernel::Queued(const Fd& port, const ListenSpec& /*spec*/) {
  if (Killed()) return {};
  const auto file = descriptors_.Find(port, "Queued");
  return file ? FakePorts::Queued(*file) : std::vector<uint64_t>();
}

absl::Status FakeKernel::Arm(const Fd& fd, Token token, Arming arming) {
  if (absl::Status failed = Admit(Call::kArm); !failed.ok()) return failed;
  const auto file = descriptors_.Find(fd, "Arm");
  if (arming == Arming::kHangUp && file != nullptr && file->kind == FakeFile::Kind::kMemory)
    return Error(absl::StatusCode::kFailedPrecondition, "CANNOT_WAIT", "it never hangs up");
  if (!descriptors_.Arm(fd, token, arming)) return BadFd("epoll_ctl");
  return absl::OkStatus();
}

void FakeKernel::Disarm(const Fd& fd) {
  if (Killed()) return;
  descriptors_.Disarm(fd);
}

absl::StatusOr<Kernel::PipeEnds> FakeKernel::Pipe() {
  if (absl::Status failed = Admit(Call::kPipe); !failed.ok()) return failed;
  auto read = std::make_shared<FakeFile>();
  auto write = std::make_shared<FakeFile>();
  read->kind = FakeFile::Kind::kPipeRead;
  write->kind = FakeFile::Kind::kPipeWrite;
  read->other_end = write;
  write->other_end = read;
  PipeEnds ends;
  ends.read = descriptors_.Open(std::move(read), "Pipe, read end");
  ends.write = descriptors_.Open(std::move(write), "Pipe, write end");
  return ends;
}

absl::StatusOr<std::string> FakeKernel::Read(const Fd& fd, size_t limit) {
  if (absl::Status failed = Admit(Call::kRead); !failed.ok()) return failed;
  const auto file = descriptors_.Find(fd, "Read");
  if (!file) return BadFd("read");
  if (file->talk) return TakeBytes(file->talk->to_server, limit, file->talk->client_left);
  const bool is_pipe = file->kind == FakeFile::Kind::kPipeRead;
  return TakeBytes(file->bytes, limit, is_pipe && file->other_end.expired());
}

absl::StatusOr<Packet> FakeKernel::Receive(const Fd& socket) {
  absl::StatusOr<Packet> packet = Peek(socket);
  if (!packet.ok()) return packet;
  const auto file = descriptors_.Find(socket, "Receive");
  auto& packets = file->talk ? file->talk->packets : file->packets;
  if (!packets.empty()) packets.pop_front();
  return packet;
}

absl::Status FakeKernel::DropPacket(const Fd& socket) {
  if (absl::Status failed = Admit(Call::kReceive); !failed.ok()) return failed;
  const auto file = descriptors_.Find(socket, "DropPacket");
  if (!file) return BadFd("recv");
  auto& packets = file->talk ? file->talk->packets : file->packets;
  if (packets.empty()) return Nothing("recv");
  packets.pop_front();
  return absl::OkStatus();
}

absl::StatusOr<Packet> FakeKernel::Peek(const Fd& socket) {
  if (absl::Status failed = Admit(Call::kReceive); !failed.ok()) return failed;
  const auto file = descriptors_.Find(socket, "Receive");
  if (!file) return BadFd("recvmsg");
  const auto& packets = file->talk ? file->talk->packets : file->packets;
  if (packets.empty()) {
    if (file->talk && file->talk->client_left) return Packet{};
    return Nothing("recvmsg");
  }
  const FakePacket& seen = packets.front();
  Packet packet;
  packet.data = seen.data;
  packet.peer = seen.peer;
  packet.truncated = seen.truncated;
  for (const auto& passed : seen.files)
    packet.fds.push_back(descriptors_.OpenArrival(passed));
  return packet;
}

absl::StatusOr<Kept> FakeKernel::Keep(const Fd& fd) {
  if (absl::Status failed = Admit(Call::kKeep); !failed.ok()) return failed;
  const auto file = descriptors_.Find(fd, "Keep");
  if (!file) return BadFd("recvmsg");
  if (!descriptors_.Arrived(fd)) Problem("Keep of what nobody has sent");
  const bool pipe =
      file->kind == FakeFile::Kind::kPipeRead || file->kind == FakeFile::Kind::kPipeWrite;
  const FileKind kind = file->kind == FakeFile::Kind::kMemory ? FileKind::kMemory
                        : pipe                                ? FileKind::kPipe
                                                              : FileKind::kSocket;
  return Kept{static_cast<KeptId>(fd.number()), kind};
}

int FakeKernel::Compare(const Fd& left, const Fd& right) {
  if (Killed()) return 0;
  const auto one = descriptors_.Find(left, "Compare");
  const auto other = descriptors_.Find(right, "Compare");
  return one < other ? -1 : other < one ? 1 : 0;
}

absl::Status FakeKernel::Send(const Fd& socket,
                              absl::string_view data,
                              absl::Span<const Fd* const> fds) {
  if (absl::Status failed = Admit(Call::kSend); !failed.ok()) return failed;
  const auto file = descriptors_.Find(socket, "Send");
  if (!file || !file->talk) return BadFd("sendmsg");
  if (fds.size() > kMaxPassed) return SystemError(EINVAL, "sendmsg");
  if (file->talk->client_left) return SystemError(EPIPE, "sendmsg");
  if (file->talk->answers.size() >= kQueuedPackets) return Nothing("sendmsg");
  FakePacket packet;
  packet.data = std::string(data);
  for (const Fd* fd : fds) {
    if (auto passed = descriptors_.Find(*fd, "Send")) packet.files.push_back(std::move(passed));
  }
  file->talk->answers.push_back(std::move(packet));
  return absl::OkStatus();
}

}  // namespace socketd::sim
