#include "tests/sim/fake_ports.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd::sim {
namespace {

bool IsDatagram(ListenType type) {
  return type == ListenType::kDatagram;
}

FakeFile::Kind KindOf(ListenType type) {
  if (type == ListenType::kFifo || type == ListenType::kSpecial) return FakeFile::Kind::kFifo;
  return Accepts(type) ? FakeFile::Kind::kListener : FakeFile::Kind::kDatagram;
}

// Of these, one address may be open many times.
bool IsShared(ListenType type) {
  return !Accepts(type) && !IsDatagram(type);
}

SocketAddress WithPort(SocketAddress address, uint16_t port) {
  if (auto* v4 = std::get_if<Ipv4Address>(&address); v4 != nullptr && v4->port == 0) {
    v4->port = port;
  }
  if (auto* v6 = std::get_if<Ipv6Address>(&address); v6 != nullptr && v6->port == 0) {
    v6->port = port;
  }
  return address;
}

bool IsPortZero(const SocketAddress& address) {
  return PortText(address) == "0";
}

bool IsAt(const FakeFile& file, absl::string_view address) {
  return ToText(file.bound) == address || PortText(file.bound) == address;
}

}  // namespace

bool FakePorts::HasItsNode(const FakeFile& file) const {
  const auto* path = std::get_if<PathAddress>(&file.bound);
  if (path == nullptr) return true;
  const FakeFiles::Node* node = files_.Find(path->path);
  return node != nullptr && node->inode == file.node;
}

std::shared_ptr<FakeFile> FakePorts::Find(absl::string_view address) const {
  std::shared_ptr<FakeFile> broken;
  for (const auto& weak : ports_) {
    auto file = weak.lock();
    if (!file || !IsAt(*file, address)) continue;
    if (file->broken) {  // somebody may still hold it, and a new one be open
      broken = std::move(file);
      continue;
    }
    if (HasItsNode(*file)) return file;
  }
  return broken;
}

size_t FakePorts::WaitingAt(const FakeFile& port) {
  return port.waiting.size() + port.packets.size() + port.bytes.size();
}

size_t FakePorts::Waiting(absl::string_view address) const {
  const auto file = Find(address);
  return file ? WaitingAt(*file) : 0;
}

absl::StatusOr<Client> FakePorts::Connect(absl::string_view address, const Peer& peer) {
  const auto file = Find(address);
  const bool listening = file && file->kind == FakeFile::Kind::kListener && !file->broken;
  // Linux lets one more in than the backlog says.
  if (!listening || file->waiting.size() > file->spec.backlog) {
    return Error(absl::StatusCode::kUnavailable, "CONNECTION_REFUSED", "nobody listens there",
                 {{"address", std::string(address)}});
  }
  auto client = std::make_shared<Conversation>();
  client->id = next_cookie_++;
  client->local = file->bound;
  if (std::holds_alternative<Ipv4Address>(file->bound)) {
    client->remote = Ipv4Address{{127, 0, 0, 1}, next_port_++};
  } else if (std::holds_alternative<Ipv6Address>(file->bound)) {
    Ipv6Address loopback;
    loopback.octets[15] = 1;
    loopback.port = next_port_++;
    client->remote = loopback;
  } else {
    client->peer = peer;
  }
  file->waiting.push_back(client);
  clients_.push_back(client);
  if (tell_) tell_(*file);
  return client;
}

absl::Status FakePorts::SendTo(absl::string_view address,
                               std::string data,
                               const Peer& peer,
                               std::vector<std::shared_ptr<FakeFile>> files) {
  const auto file = Find(address);
  if (file && file->kind == FakeFile::Kind::kFifo) {
    file->bytes += data;
  } else if (file && file->kind == FakeFile::Kind::kDatagram) {
    file->packets.push_back({std::move(data), std::move(files),
                             file->spec.pass_credentials ? peer : Peer{}, false, next_cookie_++});
  } else {
    return Error(absl::StatusCode::kUnavailable, "CONNECTION_REFUSED", "nobody receives there",
                 {{"address", std::string(address)}});
  }
  if (tell_) tell_(*file);
  return absl::OkStatus();
}

bool FakePorts::Break(absl::string_view address) {
  const auto file = Find(address);
  if (!file) return false;
  file->broken = true;
  for (const auto& client : file->waiting)
    client->server_left = true;
  file->waiting.clear();
  if (tell_) tell_(*file);
  return true;
}

absl::Status FakePorts::CheckFree(const ListenSpec& spec, const std::string& text) const {
  const auto in_use = [&text](std::string holder) {
    return SystemError(EADDRINUSE, "bind", {{"address", text}, {"holder", std::move(holder)}},
                       "PORT_IN_USE");
  };
  if (occupied_.count(text) > 0) return in_use("another program");
  if (IsShared(spec.type) || IsPortZero(spec.address)) return absl::OkStatus();
  for (const auto& weak : ports_) {
    const auto file = weak.lock();
    if (!file || IsShared(file->spec.type)) continue;
    if (IsDatagram(file->spec.type) != IsDatagram(spec.type)) continue;
    const bool there = ToText(file->bound) == text && !file->broken && HasItsNode(*file);
    if (there) return in_use("socketd or its service");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FakePorts::FindDevice(const std::string& path) const {
  const FakeFiles::Node* node = files_.Find(path);
  if (node == nullptr) return SystemError(ENOENT, "open", {{"address", path}});
  if (node->kind == FakeFiles::NodeKind::kDevice) return node->inode;
  return Error(absl::StatusCode::kFailedPrecondition, "CANNOT_WAIT", "always ready",
               {{"path", path}});
}

std::vector<uint64_t> FakePorts::Queued(const FakeFile& port) {
  std::vector<uint64_t> items;
  for (const auto& client : port.waiting)
    if (!client->client_left) items.push_back(client->id);
  if (!port.packets.empty()) items.push_back(port.packets.front().number);
  std::sort(items.begin(), items.end());
  return items;
}

size_t FakePorts::Flush(FakeFile& port) {
  const size_t dropped = port.waiting.size() + port.packets.size() + port.bytes.size();
  for (const auto& client : port.waiting)
    client->server_left = true;
  port.waiting.clear();
  port.packets.clear();
  port.bytes.clear();
  return dropped;
}

absl::Status FakePorts::RemoveQueue(const std::string& name, uint64_t node) {
  const auto found = queues_.find(name);
  if (found == queues_.end()) return SystemError(ENOENT, "mq_unlink", {{"path", name}});
  if (node != 0 && found->second != node) {
    return Error(absl::StatusCode::kFailedPrecondition, "NODE_CHANGED",
                 "the queue was replaced by somebody", {{"path", name}});
  }
  queues_.erase(found);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FakePorts::MakeNode(const ListenSpec& spec, const std::string& path) {
  using NodeKind = FakeFiles::NodeKind;
  const NodeKind wanted = spec.type == ListenType::kFifo ? NodeKind::kFifo : NodeKind::kSocket;
  const FakeFiles::Node* before = files_.Find(path);
  if (before != nullptr && before->kind != wanted) {
    return SystemError(EADDRINUSE, "bind", {{"address", path}}, "NOT_A_SOCKET");
  }
  if (before != nullptr && wanted == NodeKind::kFifo) return before->inode;
  return files_.PutNode(path, wanted, spec.mode);
}

absl::StatusOr<std::shared_ptr<FakeFile>> FakePorts::Listen(const ListenSpec& spec) {
  const std::string text = ToText(spec.address);
  if (spec.type == ListenType::kUsbFunction) {
    return Error(absl::StatusCode::kUnimplemented, "NOT_SUPPORTED", "there is no FunctionFS");
  }
  if (absl::Status free = CheckFree(spec, text); !free.ok()) return free;
  auto file = std::make_shared<FakeFile>();
  if (const auto* path = std::get_if<PathAddress>(&spec.address)) {
    const bool special = spec.type == ListenType::kSpecial;
    auto node = special ? FindDevice(path->path) : MakeNode(spec, path->path);
    if (!node.ok()) return node.status();
    file->node = *node;
  } else if (const auto* queue = std::get_if<QueueAddress>(&spec.address)) {
    file->node = queues_.emplace(queue->name, 5000 + queues_.size()).first->second;
  }
  file->kind = KindOf(spec.type);
  file->spec = spec;
  file->bound = IsPortZero(spec.address) ? WithPort(spec.address, next_port_++) : spec.address;
  ports_.erase(
      std::remove_if(ports_.begin(), ports_.end(), [](const auto& weak) { return weak.expired(); }),
      ports_.end());
  ports_.push_back(file);
  return file;
}

Client FakePorts::Accept(FakeFile& port, int pid) {
  if (port.waiting.empty()) return nullptr;
  Client client = port.waiting.front();
  port.waiting.pop_front();
  client->accepted_by = pid;
  return client;
}

}  // namespace socketd::sim
