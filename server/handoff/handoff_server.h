// The local hand-over: a service that socketd did not start asks, over a SOCK_SEQPACKET socket, for
// the descriptors of a socket unit and gets copies of them by SCM_RIGHTS (unix(7)); the messages
// are in proto/socketd/v1/handoff.proto. Who asks is told by the socket. Allowed are root, the
// daemon's own user, and the user that SocketUser= of the unit names; others hear the same whether
// the unit exists or not. Engine thread.
//
// A connection is good for one request and its answer, and lives for at most 5 s: so that nobody
// can park descriptors in queues that are not read. What was handed out cannot be taken back: the
// kernel has no way to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/engine/port_lender.h"
#include "server/handoff/acceptor.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"

namespace socketd {

class HandoffServer {
 public:
  static constexpr size_t kRequestBytesLimit = 4096;
  static constexpr size_t kFdsPerPacket = 253;  // SCM_MAX_FD
  static constexpr size_t kConnectionsLimit = 64;
  static constexpr size_t kConnectionsPerUidLimit = 8;
  // So many places only root and the daemon's user can take.
  static constexpr size_t kReservedConnections = 16;
  static constexpr absl::Duration kPatience = absl::Seconds(5);

  // Both outlive the server.
  HandoffServer(EventLoop& loop, PortLender& lender, uint32_t daemon_uid);
  ~HandoffServer();
  HandoffServer(const HandoffServer&) = delete;
  HandoffServer& operator=(const HandoffServer&) = delete;

  absl::Status Open(const std::string& path);

  size_t connections() const { return clients_.size(); }

 private:
  class Client;

  void Accept(Connection connection);
  absl::Status Admit(const Peer& peer) const;
  // OK if `peer` may have the ports of `unit`.
  absl::Status CheckRight(const std::string& unit, const Peer& peer) const;
  void Answer(Client& client, const Packet& packet);
  absl::Status Grant(const Client& client, absl::string_view request);
  absl::Status SendPorts(const Client& client, const LentPorts& ports);
  void Drop(const Client& client);

  EventLoop& loop_;
  PortLender& lender_;
  const uint32_t daemon_uid_;
  Acceptor acceptor_;
  std::list<std::unique_ptr<Client>> clients_;
};

}  // namespace socketd
