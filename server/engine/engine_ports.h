// The engine's socket units as the hand-over sees them. Owned by the engine; engine thread.
#pragma once

#include <optional>
#include <string>

#include "server/engine/port_lender.h"

namespace socketd {

class EngineCore;

class EnginePorts final : public PortLender {
 public:
  explicit EnginePorts(const EngineCore& core) : core_(core) {}

  std::optional<uint32_t> PortUser(const std::string& unit) const override;
  absl::StatusOr<LentPorts> LendPorts(const std::string& unit) override;

 private:
  const EngineCore& core_;
};

}  // namespace socketd
