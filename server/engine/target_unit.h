// A target: active or not, and nothing else; only its links matter. Also stands for units of types
// that cannot run here and are only named in dependencies. Owned by the engine; engine thread only.
#pragma once

#include "server/engine/unit.h"

namespace socketd {

class TargetUnit final : public Unit {
 public:
  TargetUnit(UnitHost& host, UnitName name, DefinitionPtr definition)
      : Unit(host, std::move(name), std::move(definition)) {}

  absl::Status Ask(Verb verb, const Cause& cause) override;
  void OnOther(Unit& /*other*/) override {}
  void OnEvent(const Event& /*event*/) override {}
  void Show(UnitSnapshot& /*snapshot*/) const override {}
  Vitals vitals() const override;
  void Resume(const remembered::Unit& /*record*/) override {}

 private:
  void RememberMore(remembered::Unit& /*record*/) const override {}
  std::optional<ActiveState> RecallMore(const remembered::Unit& record) override;
  void Move(TargetState to, const Cause& cause);

  TargetState state_ = TargetState::kDead;
};

}  // namespace socketd
