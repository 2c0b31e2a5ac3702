#include "server/handoff/handoff_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "proto/socketd/v1/handoff.pb.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/base/uid.h"
#include "server/unit/unit_name.h"

namespace socketd {
namespace {

absl::Status Denied(const Peer& peer) {
  return Error(absl::StatusCode::kPermissionDenied, "HANDOFF_DENIED",
               absl::StrCat("uid ", peer.uid, " may not have the sockets of this unit"));
}

absl::Status BadRequest(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_REQUEST", what);
}

// A reply always fits into a packet, whatever the message is.
std::string FailureReply(const absl::Status& status) {
  v1::HandoffReply reply;
  const std::string reason = ReasonOf(status);
  reply.set_error_reason(reason.empty() ? "INTERNAL" : reason);
  reply.set_error_message(CleanText(std::string(status.message().substr(0, 1024))));
  reply.set_packets(1);
  return reply.SerializeAsString();
}

}  // namespace

// One connection, from its accept to the end of its patience.
class HandoffServer::Client final : public Subscriber {
 public:
  Client(HandoffServer& server, Connection connection)
      : server_(server),
        fd_(std::move(connection.fd)),
        peer_(connection.peer),
        subscription_(server.loop_, *this) {}
  virtual ~Client() { server_.loop_.kernel().Disarm(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::Status Begin() {
    patience_ =
        server_.loop_.timers().At(server_.loop_.now() + kPatience, [this] { server_.Drop(*this); });
    return server_.loop_.kernel().Arm(fd_, subscription_.token(), Arming::kLevel);
  }

  void OnEvent(const Event& /*event*/) override {
    const absl::StatusOr<Packet> packet = server_.loop_.kernel().Receive(fd_);
    if (absl::IsUnavailable(packet.status())) return;
    // An empty packet is the end; what comes after an answer was not asked for.
    if (!packet.ok() || packet->data.empty() || answered_) {
      server_.Drop(*this);
      return;
    }
    answered_ = true;
    server_.Answer(*this, *packet);
  }

  const Fd& fd() const { return fd_; }
  const Peer& peer() const { return peer_; }

 private:
  HandoffServer& server_;
  Fd fd_;
  const Peer peer_;
  Subscription subscription_;
  Timer patience_;
  bool answered_ = false;
};

HandoffServer::HandoffServer(EventLoop& loop, PortLender& lender, uint32_t daemon_uid)
    : loop_(loop),
      lender_(lender),
      daemon_uid_(daemon_uid),
      acceptor_(loop, [this](Connection connection) { Accept(std::move(connection)); }) {}

HandoffServer::~HandoffServer() = default;

absl::Status HandoffServer::Open(const std::string& path) {
  ListenSpec spec;
  spec.type = ListenType::kSequentialPacket;
  spec.address = PathAddress{path};
  spec.mode = 0666;  // anybody may ask
  spec.refuse_descriptors = true;
  if (absl::Status listens = acceptor_.Listen(spec); !listens.ok()) return listens;
  return acceptor_.Begin();
}

void HandoffServer::Accept(Connection connection) {
  absl::Status status = Admit(connection.peer);
  if (status.ok()) {
    clients_.push_back(std::make_unique<Client>(*this, std::move(connection)));
    status = clients_.back()->Begin();
    if (status.ok()) return;
    clients_.pop_back();
  }
  // Whoever is refused reads an end; the reason is for the operator.
  LogFailure(Level::kDebug, "handoff.refused", status);
}

absl::Status HandoffServer::Admit(const Peer& peer) const {
  if (peer.uid == kNobodyUid) return Denied(peer);
  const auto of_uid = std::count_if(clients_.begin(), clients_.end(), [&peer](const auto& client) {
    return client->peer().uid == peer.uid;
  });
  const size_t limit =
      kConnectionsLimit - (IsOperator(peer.uid, daemon_uid_) ? 0 : kReservedConnections);
  if (clients_.size() < limit && static_cast<size_t>(of_uid) < kConnectionsPerUidLimit)
    return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS",
               "too many hand-overs are under way", {{"uid", absl::StrCat(peer.uid)}});
}

absl::Status HandoffServer::CheckRight(const std::string& unit, const Peer& peer) const {
  if (IsOperator(peer.uid, daemon_uid_)) return absl::OkStatus();
  const std::optional<uint32_t> user = lender_.PortUser(unit);
  return user.has_value() && *user == peer.uid ? absl::OkStatus() : Denied(peer);
}

void HandoffServer::Answer(Client& client, const Packet& packet) {
  absl::Status status = packet.truncated || packet.data.size() > kRequestBytesLimit
                            ? BadRequest(absl::StrCat("a request has at most ", kRequestBytesLimit,
                                                      " bytes and no descriptors"))
                            : Grant(client, packet.data);
  if (status.ok()) return;
  LogFailure(Level::kDebug, "handoff.failed", status, {{"uid", absl::StrCat(client.peer().uid)}});
  // A client whose queue is full does not read; its patience is ours.
  status = loop_.kernel().Send(client.fd(), FailureReply(status), {});
  if (!status.ok()) Drop(client);
}

absl::Status HandoffServer::Grant(const Client& client, absl::string_view text) {
  v1::HandoffRequest request;
  if (!request.ParseFromArray(text.data(), static_cast<int>(text.size())))
    return BadRequest("this is no HandoffRequest");
  const absl::StatusOr<UnitName> name = UnitName::Parse(request.unit());
  if (!name.ok()) return name.status();
  if (absl::Status right = CheckRight(name->text(), client.peer()); !right.ok()) return right;
  const absl::StatusOr<LentPorts> ports = lender_.LendPorts(name->text());
  if (!ports.ok()) return ports.status();
  absl::Status sent = SendPorts(client, *ports);
  if (!sent.ok()) return sent;
  Log(Level::kInfo, "handoff.granted",
      {{"unit", name->text()},
       {"uid", absl::StrCat(client.peer().uid)},
       {"pid", absl::StrCat(client.peer().pid)},
       {"descriptors", absl::StrCat(ports->fds.size())}});
  return absl::OkStatus();
}

absl::Status HandoffServer::SendPorts(const Client& client, const LentPorts& ports) {
  const absl::Span<const Fd* const> fds = ports.fds;
  const size_t packets = std::max<size_t>(1, (fds.size() + kFdsPerPacket - 1) / kFdsPerPacket);
  for (size_t i = 0; i < packets; ++i) {
    const auto part = fds.subspan(i * kFdsPerPacket, kFdsPerPacket);
    v1::HandoffReply reply;
    reply.set_index(static_cast<uint32_t>(i));
    reply.set_packets(static_cast<uint32_t>(packets));
    for (size_t n = 0; n < part.size(); ++n)
      reply.add_names(ports.names.at(i * kFdsPerPacket + n));
    absl::Status sent = loop_.kernel().Send(client.fd(), reply.SerializeAsString(), part);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

void HandoffServer::Drop(const Client& client) {
  clients_.remove_if([&client](const auto& each) { return each.get() == &client; });
}

}  // namespace socketd
