#include "server/engine/start_check.h"

#include <string>
#include <utility>
#include <vector>

#include "proto/socketd/v1/unit.pb.h"
#include "server/engine/condition.h"

namespace socketd {
namespace {

// The world as the engine has it.
class HostWorld final : public ConditionWorld {
 public:
  explicit HostWorld(UnitHost& host) : host_(host) {}

  absl::StatusOr<PathFacts> Inspect(const std::string& path) override {
    return host_.loop().kernel().Inspect(path);
  }
  absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) override {
    return host_.loop().kernel().ReadFile(path, limit);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) override {
    return host_.loop().kernel().ListDirectory(path);
  }
  const Surroundings& surroundings() const override { return host_.options().surroundings; }
  const std::vector<std::string>& environment() const override {
    return host_.options().environment;
  }

 private:
  UnitHost& host_;
};

}  // namespace

bool HasConditions(const Definition& definition) {
  const auto& effective = definition.loaded.effective;
  if (effective == nullptr) return false;
  return effective->unit().conditions_size() + effective->unit().assertions_size() > 0;
}

std::shared_ptr<const StartCheck> LookWhetherToStart(const Definition& definition, UnitHost& host) {
  if (!HasConditions(definition)) return nullptr;
  const v1::UnitSpec& spec = definition.loaded.effective->unit();
  HostWorld world(host);
  auto check = std::make_shared<StartCheck>();
  check->time = host.loop().wall_now();
  ConditionVerdict conditions = Evaluate(ConditionRole::kCondition, spec.conditions(), world);
  check->conditions_met = conditions.met;
  check->unmet = std::move(conditions.unmet);
  check->findings = std::move(conditions.findings);
  if (!conditions.met) return check;
  ConditionVerdict assertions = Evaluate(ConditionRole::kAssertion, spec.assertions(), world);
  check->assertions_met = assertions.met;
  check->unmet = std::move(assertions.unmet);
  for (ConditionFinding& finding : assertions.findings)
    check->findings.push_back(std::move(finding));
  return check;
}

}  // namespace socketd
