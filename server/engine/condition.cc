#include "server/engine/condition.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "proto/socketd/v1/condition.pb.h"
#include "server/engine/condition_tests.h"

namespace socketd {
namespace {

// By v1::Condition::Kind.
constexpr std::array<ConditionTest, 30> kTests = {
    nullptr,
    &IsArchitecture,
    &IsVirtual,
    &IsHost,
    &KernelCommandLineHas,
    &VersionHolds,
    &VersionHolds,
    &HasVariable,
    &SecurityIsOn,
    &CapabilityIsInBounds,
    &IsOnAcPower,
    &NeedsUpdate,
    &IsFirstBoot,
    &PathExists,
    &PathExistsGlob,
    &PathIsDirectory,
    &PathIsSymbolicLink,
    &PathIsMountPoint,
    &PathIsReadWrite,
    &PathIsSocket,
    &DirectoryNotEmpty,
    &FileNotEmpty,
    &FileIsExecutable,
    &IsUser,
    &IsInGroup,
    &HasControllers,
    &HasMemory,
    &HasCpus,
    &OsReleaseHolds,
    &KernelModuleIsLoaded,
};
static_assert(kTests.size() == v1::Condition::Kind_ARRAYSIZE);

bool Holds(const v1::Condition& condition, ConditionWorld& world) {
  const auto kind = static_cast<size_t>(condition.kind());
  if (kind >= kTests.size() || kTests[kind] == nullptr) return false;
  return kTests[kind](condition.value(), world) != condition.negate();
}

}  // namespace

ConditionVerdict Evaluate(ConditionRole role, const Conditions& conditions, ConditionWorld& world) {
  ConditionVerdict verdict;
  std::vector<std::string> triggers;
  bool triggered = false;
  for (const v1::Condition& condition : conditions) {
    const bool holds = Holds(condition, world);
    std::string text = ConditionText(role, condition);
    verdict.findings.push_back({text, holds});
    if (condition.trigger()) {
      triggered = triggered || holds;
      triggers.push_back(std::move(text));
    } else if (!holds) {
      if (verdict.met) verdict.unmet = absl::StrCat(text, " is not met");
      verdict.met = false;
    }
  }
  if (triggers.empty() || triggered) return verdict;
  if (verdict.met) {
    verdict.unmet = triggers.size() == 1
                        ? absl::StrCat(triggers.front(), " is not met")
                        : absl::StrCat("none of ", absl::StrJoin(triggers, ", "), " is met");
  }
  verdict.met = false;
  return verdict;
}

}  // namespace socketd
