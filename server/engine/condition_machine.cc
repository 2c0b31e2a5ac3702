// Conditions on the kernel and the machine: what /proc and /sys tell; proc(5), sysfs(5).
#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/engine/condition_tests.h"
#include "server/unit/grammar_comparison.h"
#include "server/unit/grammar_number.h"
#include "server/unit/grammar_words.h"

namespace socketd {
namespace {

constexpr size_t kMostText = size_t{1} << 20;  // bytes

// Without blanks around it; empty if it cannot be read.
std::string TextOf(const std::string& path, ConditionWorld& world) {
  const auto text = world.ReadFile(path, kMostText);
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
}

bool IsThere(const std::string& path, ConditionWorld& world) {
  return world.Inspect(path).ok();
}

// What stands after "NAME:" in a file of such lines; empty if no line has it.
std::string FieldOf(const std::string& path, absl::string_view name, ConditionWorld& world) {
  const std::string text = TextOf(path, world);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, name) || !absl::ConsumePrefix(&line, ":")) continue;
    return std::string(absl::StripAsciiWhitespace(line));
  }
  return "";
}

// In a container the kernel's command line is the host's: that of its first process counts.
std::vector<std::string> CommandLine(ConditionWorld& world) {
  if (world.surroundings().container) {
    const std::string text = TextOf("/proc/1/cmdline", world);
    return absl::StrSplit(text, '\0', absl::SkipEmpty());
  }
  std::vector<std::string> words;
  const auto split = SplitWords(TextOf("/proc/cmdline", world));
  if (!split.ok()) return words;
  for (const Word& word : *split)
    words.push_back(word.text);
  return words;
}

// The kernel lists its own sockets: one for audit (9, netlink(7)) means that it is on.
bool AuditIsOn(ConditionWorld& world) {
  const std::string text = TextOf("/proc/net/netlink", world);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() > 2 && words[1] == "9" && words[2] == "0") return true;
  }
  return false;
}

bool AppArmorIsOn(ConditionWorld& world) {
  return TextOf("/sys/module/apparmor/parameters/enabled", world) == "Y";
}

bool SecureBootIsOn(ConditionWorld& world) {
  constexpr char kVariable[] =
      "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  constexpr size_t kAttributes = 4;  // bytes before the value
  const auto text = world.ReadFile(kVariable, kMostText);
  return text.ok() && text->size() > kAttributes && (*text)[kAttributes] == '\1';
}

bool TpmIsThere(ConditionWorld& world) {
  const auto entries = world.ListDirectory("/sys/class/tpmrm");
  return entries.ok() && !entries->empty();
}

bool IsConfidential(ConditionWorld& world) {
  return IsThere("/dev/sev-guest", world) || IsThere("/dev/tdx_guest", world);
}

struct Technology {
  absl::string_view name;
  const char* path;  // what is there where it is on; null: not so simple
  bool (*is_on)(ConditionWorld& world);
};

constexpr std::array<Technology, 10> kTechnologies = {{
    {"selinux", "/sys/fs/selinux/policy", nullptr},
    {"smack", "/sys/fs/smackfs", nullptr},
    {"apparmor", nullptr, &AppArmorIsOn},
    {"audit", nullptr, &AuditIsOn},
    {"ima", "/sys/kernel/security/ima", nullptr},
    {"tomoyo", "/sys/kernel/security/tomoyo/version", nullptr},
    {"uefi-secureboot", nullptr, &SecureBootIsOn},
    {"tpm2", nullptr, &TpmIsThere},
    {"cvm", nullptr, &IsConfidential},
    {"measured-uki",
     "/sys/firmware/efi/efivars/StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", nullptr},
}};

bool IsUnified(ConditionWorld& world) {
  return IsThere("/sys/fs/cgroup/cgroup.controllers", world);
}

std::vector<std::string> Controllers(ConditionWorld& world) {
  if (IsUnified(world)) {
    const std::string text = TextOf("/sys/fs/cgroup/cgroup.controllers", world);
    return absl::StrSplit(text, ' ', absl::SkipEmpty());
  }
  // A line each: name, hierarchy, groups, enabled; cgroups(7).
  std::vector<std::string> names;
  const std::string text = TextOf("/proc/cgroups", world);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, '\t');
    if (words.size() == 4 && words[3] == "1") names.emplace_back(words[0]);
  }
  return names;
}

}  // namespace

bool KernelCommandLineHas(const std::string& value, ConditionWorld& world) {
  const bool whole = value.find('=') != std::string::npos;
  for (const std::string& word : CommandLine(world)) {
    if (word == value || (!whole && word.substr(0, word.find('=')) == value)) return true;
  }
  return false;
}

bool KernelCommandLineSays(const std::string& name, bool otherwise, ConditionWorld& world) {
  bool answer = otherwise;
  for (const std::string& word : CommandLine(world)) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(word, absl::MaxSplits('=', 1));
    if (parts.first != name) continue;
    answer = word == name || ParseBoolean(parts.second).value_or(answer);
  }
  return answer;
}

bool KernelModuleIsLoaded(const std::string& name, ConditionWorld& world) {
  if (name.find('/') != std::string::npos) return false;
  const std::string folder = absl::StrCat("/sys/module/", absl::StrReplaceAll(name, {{"-", "_"}}));
  if (!IsThere(folder, world)) return false;
  // What is built in has no such file.
  const std::string state = absl::StrCat(folder, "/initstate");
  return !IsThere(state, world) || TextOf(state, world) == "live";
}

bool CapabilityIsInBounds(const std::string& name, ConditionWorld& world) {
  const auto number = CapabilityNumber(name);
  uint64_t bounds = 0;
  const std::string text = FieldOf("/proc/self/status", "CapBnd", world);
  return number.has_value() && absl::SimpleHexAtoi(text, &bounds) &&
         ((bounds >> *number) & 1U) != 0;
}

bool SecurityIsOn(const std::string& name, ConditionWorld& world) {
  for (const Technology& technology : kTechnologies) {
    if (technology.name != name) continue;
    return technology.is_on != nullptr ? technology.is_on(world) : IsThere(technology.path, world);
  }
  return false;
}

// A machine without anything that tells is taken to be on AC power; a battery that runs down is
// not.
bool IsOnAcPower(const std::string& answer, ConditionWorld& world) {
  constexpr char kSupplies[] = "/sys/class/power_supply";
  bool online = false;
  bool discharging = false;
  const auto supplies = world.ListDirectory(kSupplies);
  for (const DirectoryEntry& supply : supplies.value_or(std::vector<DirectoryEntry>())) {
    const std::string folder = absl::StrCat(kSupplies, "/", supply.name);
    if (TextOf(folder + "/scope", world) == "Device") continue;
    const bool battery = TextOf(folder + "/type", world) == "Battery";
    discharging = discharging || (battery && TextOf(folder + "/status", world) == "Discharging");
    online = online || (!battery && TextOf(folder + "/online", world) == "1");
  }
  return (online || !discharging) == ParseBoolean(answer).value_or(false);
}

bool HasControllers(const std::string& names, ConditionWorld& world) {
  if (names == "v2") return IsUnified(world);
  if (names == "v1") return !IsUnified(world);
  const std::vector<std::string> there = Controllers(world);
  for (const absl::string_view name : absl::StrSplit(names, ' ', absl::SkipEmpty())) {
    if (std::find(there.begin(), there.end(), name) == there.end()) return false;
  }
  return true;
}

// The machine's, or what the control group of all of us may have of it.
bool HasMemory(const std::string& comparison, ConditionWorld& world) {
  const auto parsed = ParseSizeComparison(comparison);
  const std::string total = FieldOf("/proc/meminfo", "MemTotal", world);
  uint64_t kibibytes = 0;
  if (!parsed.ok() || !absl::SimpleAtoi(total.substr(0, total.find(' ')), &kibibytes)) return false;
  uint64_t limit = std::numeric_limits<uint64_t>::max();
  if (!absl::SimpleAtoi(TextOf("/sys/fs/cgroup/memory.max", world), &limit))
    limit = std::numeric_limits<uint64_t>::max();
  return parsed->Holds(std::min(kibibytes * 1024, limit));
}

bool HasCpus(const std::string& comparison, ConditionWorld& world) {
  const auto parsed = ParseNumberComparison(comparison);
  const std::string mask = FieldOf("/proc/self/status", "Cpus_allowed", world);
  if (!parsed.ok() || mask.empty()) return false;
  uint64_t cpus = 0;
  for (const absl::string_view part : absl::StrSplit(mask, ',')) {
    uint64_t bits = 0;
    if (!absl::SimpleHexAtoi(part, &bits)) return false;
    cpus += std::bitset<64>(bits).count();
  }
  return parsed->Holds(cpus);
}

}  // namespace socketd
