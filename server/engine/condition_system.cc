// Conditions on the system and on the daemon itself.
#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "server/base/glob.h"
#include "server/engine/condition_tests.h"
#include "server/unit/environment.h"
#include "server/unit/grammar_comparison.h"
#include "server/unit/grammar_number.h"

namespace socketd {
namespace {

constexpr size_t kMostText = size_t{1} << 20;  // bytes

// os-release(5).
Environment OsRelease(ConditionWorld& world) {
  Environment fields;
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = world.ReadFile(path, kMostText);
    if (text.ok() && ReadEnvironmentFile(path, *text, fields).ok()) break;
  }
  return fields;
}

// 32 hexadecimal digits, as machine-id(5) has them; empty if it is something else.
std::string IdOf(const std::string& value) {
  const std::string id = absl::AsciiStrToLower(absl::StrReplaceAll(value, {{"-", ""}}));
  const bool hexadecimal = std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  return id.size() == 32 && hexadecimal ? id : "";
}

}  // namespace

bool IsArchitecture(const std::string& name, ConditionWorld& world) {
  return name == "native" || name == world.surroundings().architecture;
}

bool IsVirtual(const std::string& value, ConditionWorld& world) {
  const Surroundings& around = world.surroundings();
  const bool any = !around.virtualization.empty();
  if (value == "vm") return any && !around.container;
  if (value == "container") return any && around.container;
  if (value == "private-users") return around.private_users;
  if (const auto wanted = ParseBoolean(value); wanted.ok()) return *wanted == any;
  return any && value == around.virtualization;
}

bool IsHost(const std::string& value, ConditionWorld& world) {
  const Surroundings& around = world.surroundings();
  if (const std::string id = IdOf(value); !id.empty()) {
    return id == around.machine_id || id == around.boot_id;
  }
  return MatchesGlob(absl::AsciiStrToLower(value), absl::AsciiStrToLower(around.host_name));
}

bool VersionHolds(const std::string& comparison, ConditionWorld& world) {
  const auto parsed = ParseVersionComparison(comparison);
  if (!parsed.ok() || parsed->component == Component::kSystemd) return false;
  const Surroundings& around = world.surroundings();
  const std::string& version =
      parsed->component == Component::kKernel ? around.kernel_release : around.glibc_version;
  return std::all_of(parsed->all.begin(), parsed->all.end(),
                     [&](const TextComparison& one) { return one.Holds(version); });
}

bool OsReleaseHolds(const std::string& comparisons, ConditionWorld& world) {
  const auto parsed = ParseFieldComparisons(comparisons);
  if (!parsed.ok()) return false;
  const Environment fields = OsRelease(world);
  return std::all_of(parsed->begin(), parsed->end(), [&](const TextComparison& one) {
    return one.Holds(fields.Find(one.field).value_or(""));
  });
}

bool HasVariable(const std::string& value, ConditionWorld& world) {
  const bool whole = absl::StrContains(value, "=");
  const std::string name = absl::StrCat(value, "=");
  for (const std::string& entry : world.environment()) {
    if (whole ? entry == value : absl::StartsWith(entry, name)) return true;
  }
  return false;
}

bool IsFirstBoot(const std::string& answer, ConditionWorld& world) {
  const bool first = KernelCommandLineSays("systemd.condition-first-boot",
                                           PathExists("/run/systemd/first-boot", world), world);
  return first == ParseBoolean(answer).value_or(false);
}

bool IsUser(const std::string& value, ConditionWorld& world) {
  constexpr int kLastSystemUser = 999;  // SYS_UID_MAX of Debian's login.defs(5)
  const Surroundings& around = world.surroundings();
  int number = -1;
  if (value == "@system") {
    return absl::SimpleAtoi(around.user_id, &number) && number <= kLastSystemUser;
  }
  return value == around.user_id || value == around.user_name;
}

bool IsInGroup(const std::string& value, ConditionWorld& world) {
  const std::vector<std::string>& groups = world.surroundings().groups;
  return std::find(groups.begin(), groups.end(), value) != groups.end();
}

}  // namespace socketd
