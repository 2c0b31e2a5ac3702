#include "server/handoff/acceptor.h"

#include <variant>

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

constexpr int kAcceptsPerTurn = 16;
constexpr absl::Duration kRest = absl::Milliseconds(100);

}  // namespace

Acceptor::~Acceptor() {
  if (!port_.fd) return;
  loop_.kernel().Disarm(port_.fd);
  const auto* node = std::get_if<PathAddress>(&port_.bound);
  if (node == nullptr) return;
  if (const absl::Status removed = loop_.kernel().Remove(node->path, port_.node); !removed.ok())
    LogFailure(Level::kDebug, "acceptor.node-stays", removed, {{"path", node->path}});
}

absl::Status Acceptor::Listen(const ListenSpec& spec) {
  absl::StatusOr<Port> port = loop_.kernel().Listen(spec);
  if (!port.ok()) return port.status();
  port_ = *std::move(port);
  return absl::OkStatus();
}

absl::Status Acceptor::Begin() {
  subscription_ = Subscription(loop_, *this);
  return Arm();
}

absl::Status Acceptor::Arm() {
  return loop_.kernel().Arm(port_.fd, subscription_.token(), Arming::kLevel);
}

void Acceptor::OnEvent(const Event& /*event*/) {
  for (int i = 0; i < kAcceptsPerTurn; ++i)
    if (!AcceptOne()) return;
}

bool Acceptor::AcceptOne() {
  absl::StatusOr<Connection> connection = loop_.kernel().Accept(port_.fd, AcceptFor::kOperator);
  if (connection.ok()) {
    sink_(*std::move(connection));
    return true;
  }
  if (absl::IsUnavailable(connection.status())) return false;
  LogFailure(Level::kWarning, "acceptor.failed", connection.status(),
             {{"address", ToText(port_.bound)}});
  // Level-triggered: what cannot be accepted now would wake the loop again at once.
  Rest();
  return false;
}

void Acceptor::Rest() {
  loop_.kernel().Disarm(port_.fd);
  rest_ = loop_.timers().At(loop_.now() + kRest, [this] {
    if (const absl::Status armed = Arm(); !armed.ok()) {
      LogFailure(Level::kWarning, "acceptor.deaf", armed, {{"address", ToText(port_.bound)}});
      Rest();
    }
  });
}

}  // namespace socketd
