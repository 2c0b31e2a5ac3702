// Units without an engine: what a unit asks of its host is noted or refused. For tests of what lies
// below the engine's core (links, transactions).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/base/check.h"
#include "server/engine/target_unit.h"
#include "server/engine/unit_host.h"
#include "tests/sim/fake_kernel.h"

namespace socketd::testing {

class FakeHost final : public UnitHost {
 public:
  EventLoop& loop() override { return loop_; }
  const EngineOptions& options() const override { return options_; }
  int64_t OnMoved(Unit& /*unit*/, Change /*change*/) override { return ++revision_; }
  void OnChanged(Unit& /*unit*/) override {}
  void OnStep(Unit& /*unit*/) override {}
  void OnEnded(Child /*child*/) override {}
  void OnGroup(GroupId /*group*/, Unit* /*unit*/) override {}
  void OnInstanceEnded(Unit& /*unit*/) override {}
  bool shutting_down() const override { return false; }
  absl::Status Queue(Unit& /*unit*/, Work /*work*/, const Cause& /*cause*/) override {
    return absl::OkStatus();
  }
  absl::Status QueueLeniently(Unit& /*unit*/, Work /*work*/, const Cause& /*cause*/) override {
    return absl::OkStatus();
  }
  bool has_jobs() const override { return false; }
  void OnDefinition(Unit& /*unit*/) override {}
  Unit* Load(absl::string_view name) override { return &unit(std::string(name)); }
  absl::Status CheckTemplate(const UnitName& /*name*/) override { return absl::OkStatus(); }
  std::string HolderOf(const ListenSpec& /*spec*/, const SocketUnit& /*except*/) const override {
    return "";
  }
  bool has_room() const override { return true; }
  absl::Status StartInstance(SocketUnit& /*socket*/, Connection /*connection*/) override {
    return absl::OkStatus();
  }

  // The loaded unit of that name, made when it is first asked for. All are targets in what they do.
  TargetUnit& unit(const std::string& name) {
    std::unique_ptr<TargetUnit>& slot = units_[name];
    if (slot == nullptr) {
      LoadedUnit loaded(*UnitName::Parse(name));
      loaded.state = LoadState::kLoaded;
      const UnitName checked = loaded.name;
      slot = std::make_unique<TargetUnit>(*this, checked,
                                          std::make_shared<Definition>(std::move(loaded)));
    }
    return *slot;
  }
  TargetUnit& active(const std::string& name) {
    CHECK(unit(name).Ask(Verb::kStart, {}).ok());
    return unit(name);
  }

 private:
  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  EngineOptions options_;
  int64_t revision_ = 0;
  std::map<std::string, std::unique_ptr<TargetUnit>> units_;
};

}  // namespace socketd::testing
