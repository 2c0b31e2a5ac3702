// The ports of socket units, for the hand-over to services that socketd did not start: the one
// thing that it asks of the engine. Engine thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/base/fd.h"

namespace socketd {

struct LentPorts {
  std::vector<const Fd*> fds;      // in file order; valid until the turn ends
  std::vector<std::string> names;  // one for each: X-ListenNames=, FileDescriptorName=
};

class PortLender {
 public:
  // The user that SocketUser= of socket unit `unit` names; nothing if the unit has none, or is no
  // socket unit that is known.
  virtual std::optional<uint32_t> PortUser(const std::string& unit) const = 0;
  // The open ports of a socket unit. NOT_FOUND (UNIT_NOT_FOUND), INVALID_ARGUMENT (NOT_A_SOCKET),
  // FAILED_PRECONDITION (NOT_LISTENING).
  virtual absl::StatusOr<LentPorts> LendPorts(const std::string& unit) = 0;

 protected:
  ~PortLender() = default;
};

}  // namespace socketd
