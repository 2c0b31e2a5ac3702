#include "server/unit/condition_text.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "proto/socketd/v1/condition.pb.h"
#include "server/unit/grammar_number.h"
#include "server/unit/spelling.h"

namespace socketd {
namespace {

using Words = absl::Span<const absl::string_view>;

// By number; linux/capability.h.
constexpr std::array<absl::string_view, 41> kCapabilities = {"chown",
                                                             "dac_override",
                                                             "dac_read_search",
                                                             "fowner",
                                                             "fsetid",
                                                             "kill",
                                                             "setgid",
                                                             "setuid",
                                                             "setpcap",
                                                             "linux_immutable",
                                                             "net_bind_service",
                                                             "net_broadcast",
                                                             "net_admin",
                                                             "net_raw",
                                                             "ipc_lock",
                                                             "ipc_owner",
                                                             "sys_module",
                                                             "sys_rawio",
                                                             "sys_chroot",
                                                             "sys_ptrace",
                                                             "sys_pacct",
                                                             "sys_admin",
                                                             "sys_boot",
                                                             "sys_nice",
                                                             "sys_resource",
                                                             "sys_time",
                                                             "sys_tty_config",
                                                             "mknod",
                                                             "lease",
                                                             "audit_write",
                                                             "audit_control",
                                                             "setfcap",
                                                             "mac_override",
                                                             "mac_admin",
                                                             "syslog",
                                                             "wake_alarm",
                                                             "block_suspend",
                                                             "audit_read",
                                                             "perfmon",
                                                             "bpf",
                                                             "checkpoint_restore"};

constexpr std::array<absl::string_view, 10> kSecurity = {
    "selinux", "smack", "apparmor",        "audit", "ima",
    "tomoyo",  "tpm2",  "uefi-secureboot", "cvm",   "measured-uki"};

constexpr std::array<absl::string_view, 33> kVirtualization = {
    "vm",      "container", "private-users",  "qemu",        "kvm",
    "amazon",  "zvm",       "vmware",         "microsoft",   "oracle",
    "powervm", "xen",       "bochs",          "uml",         "parallels",
    "bhyve",   "qnx",       "acrn",           "apple",       "sre",
    "google",  "vm-other",  "systemd-nspawn", "lxc-libvirt", "lxc",
    "openvz",  "docker",    "podman",         "rkt",         "wsl",
    "proot",   "pouch",     "container-other"};

constexpr std::array<absl::string_view, 34> kArchitectures = {
    "native", "x86",      "x86-64",   "ppc",       "ppc-le",  "ppc64",      "ppc64-le",
    "ia64",   "parisc",   "parisc64", "s390",      "s390x",   "sparc",      "sparc64",
    "mips",   "mips-le",  "mips64",   "mips64-le", "alpha",   "arm",        "arm-be",
    "arm64",  "arm64-be", "sh",       "sh64",      "m68k",    "tilegx",     "cris",
    "nios2",  "arc",      "arc-be",   "riscv32",   "riscv64", "loongarch64"};

bool Has(Words words, absl::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string ConditionValue(const v1::Condition& condition) {
  return absl::StrCat(condition.trigger() ? "|" : "", condition.negate() ? "!" : "",
                      condition.value());
}

std::string ConditionText(ConditionRole role, const v1::Condition& condition) {
  return absl::StrCat(role == ConditionRole::kCondition ? "Condition" : "Assert",
                      SpellingOf(*v1::Condition::Kind_descriptor(), condition.kind()), "=",
                      ConditionValue(condition));
}

std::optional<unsigned> CapabilityNumber(absl::string_view name) {
  constexpr unsigned kLast = 63;
  unsigned number = 0;
  if (absl::SimpleAtoi(name, &number)) {
    return number <= kLast ? std::optional<unsigned>(number) : std::nullopt;
  }
  const std::string lower = absl::AsciiStrToLower(name);
  for (size_t i = 0; i < kCapabilities.size(); ++i) {
    if (lower == absl::StrCat("cap_", kCapabilities[i])) return static_cast<unsigned>(i);
  }
  return std::nullopt;
}

bool IsKnownWord(const v1::Condition& condition) {
  switch (condition.kind()) {
    case v1::Condition::KIND_SECURITY:
      return Has(kSecurity, condition.value());
    case v1::Condition::KIND_VIRTUALIZATION:
      return Has(kVirtualization, condition.value()) || ParseBoolean(condition.value()).ok();
    case v1::Condition::KIND_ARCHITECTURE:
      return Has(kArchitectures, condition.value());
    default:
      return true;
  }
}

}  // namespace socketd
