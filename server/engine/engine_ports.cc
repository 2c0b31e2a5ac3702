#include "server/engine/engine_ports.h"

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/engine/engine_core.h"
#include "server/engine/socket_unit.h"

namespace socketd {
namespace {

// Null: no socket unit.
SocketUnit* AsSocket(Unit* unit) {
  const bool is_socket = unit != nullptr && unit->type() == UnitType::kSocket;
  return is_socket ? static_cast<SocketUnit*>(unit) : nullptr;
}

}  // namespace

std::optional<uint32_t> EnginePorts::PortUser(const std::string& unit) const {
  const SocketUnit* socket = AsSocket(core_.Find(unit));
  return socket == nullptr ? std::nullopt : socket->port_user();
}

absl::StatusOr<LentPorts> EnginePorts::LendPorts(const std::string& unit) {
  Unit* const found = core_.Find(unit);
  if (found == nullptr) return UnitNotFound(unit);
  const SocketUnit* socket = AsSocket(found);
  if (socket == nullptr) {
    return Error(absl::StatusCode::kInvalidArgument, "NOT_A_SOCKET",
                 absl::StrCat(unit, " is no socket unit"), {{"unit", unit}});
  }
  LentPorts ports = socket->Lend();
  if (!ports.fds.empty()) return ports;
  return Error(absl::StatusCode::kFailedPrecondition, "NOT_LISTENING",
               absl::StrCat(unit, " does not listen now"), {{"unit", unit}});
}

}  // namespace socketd
