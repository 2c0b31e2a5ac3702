#include "server/main/api_door.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/api/access.h"
#include "server/api/api_server.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/main/loopback_peer.h"
#include "server/main/visitors.h"

namespace socketd {
namespace {

bool IsTcp(const SocketAddress& address) {
  return std::holds_alternative<Ipv4Address>(address) ||
         std::holds_alternative<Ipv6Address>(address);
}

absl::StatusOr<Caller> CallerOf(const Connection& connection) {
  Caller caller;
  if (!IsTcp(connection.local)) {
    caller.uid = connection.peer.uid;
    caller.pid = connection.peer.pid;
    return caller;
  }
  const absl::StatusOr<uint32_t> uid = UidOfLoopbackPeer(connection);
  if (!uid.ok()) return uid.status();
  caller.uid = *uid;
  caller.transport = Caller::Transport::kTcp;
  return caller;
}

// Connections are accepted as services like them; gRPC's threads would wait in a read.
absl::Status MakeNonBlocking(const Fd& fd) {
  const int flags = fcntl(fd.number(), F_GETFL);
  if (flags >= 0 && fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) == 0) return absl::OkStatus();
  return SystemError(errno, "fcntl");
}

}  // namespace

ApiDoor::ApiDoor(EventLoop& loop, Visitors& visitors)
    : visitors_(visitors),
      acceptor_(loop, [this](Connection connection) { Accept(std::move(connection)); }) {}

absl::Status ApiDoor::Listen(const ListenSpec& spec) {
  if (absl::Status opened = acceptor_.Listen(spec); !opened.ok()) return opened;
  const bool tcp = IsTcp(acceptor_.bound());
  Log(Level::kInfo, "api.listening",
      {{"address", absl::StrCat(tcp ? "tcp:" : "unix:", ToText(acceptor_.bound()))}});
  return absl::OkStatus();
}

absl::Status ApiDoor::LetIn(ApiServer& api) {
  api_ = &api;
  return acceptor_.Begin();
}

void ApiDoor::Accept(Connection connection) {
  const absl::StatusOr<Caller> caller = CallerOf(connection);
  absl::Status status = caller.status();
  if (status.ok()) status = visitors_.Admit(caller->uid, connection.fd);
  if (status.ok()) status = MakeNonBlocking(connection.fd);
  if (status.ok()) status = api_->Adopt(std::move(connection.fd), *caller);
  if (!status.ok()) {
    LogFailure(Level::kDebug, "api.refused", status);
    return;
  }
  Log(Level::kDebug, "api.connected",
      {{"caller", ToText(*caller)}, {"pid", absl::StrCat(caller->pid)}});
}

}  // namespace socketd
