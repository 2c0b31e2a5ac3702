#include "server/main/virtualization.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace socketd {
namespace {

struct Vendor {
  absl::string_view mark;
  absl::string_view name;
};

// What firmware says of itself in /sys/class/dmi/id; the first that fits.
constexpr std::array<Vendor, 20> kFirmware = {{
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "amazon"},
    {"QEMU", "qemu"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"innotek GmbH", "oracle"},
    {"VirtualBox", "oracle"},
    {"Oracle Corporation", "oracle"},
    {"Xen", "xen"},
    {"Bochs", "bochs"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Hyper-V", "microsoft"},
    {"Microsoft Corporation", "microsoft"},
    {"Apple Virtualization", "apple"},
    {"Google Compute Engine", "google"},
    {"Google", "google"},
    {"ACRN", "acrn"},
}};

#ifdef __x86_64__
// What a hypervisor says of itself at leaf 0x40000000 of CPUID.
constexpr std::array<Vendor, 11> kHypervisors = {{
    {"XenVMMXenVMM", "xen"},
    {"KVMKVMKVM", "kvm"},
    {"Linux KVM Hv", "kvm"},
    {"TCGTCGTCGTCG", "qemu"},
    {"VMwareVMware", "vmware"},
    {"Microsoft Hv", "microsoft"},
    {"bhyve bhyve ", "bhyve"},
    {"QNXQVMBSQG", "qnx"},
    {"ACRNACRNACRN", "acrn"},
    {"SRESRESRESRE", "sre"},
    {"Apple VZ", "apple"},
}};

std::string ByProcessor() {
  constexpr unsigned kHypervisorBit = 1U << 31;
  constexpr unsigned kHypervisorLeaf = 0x40000000;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHypervisorBit) == 0) return "";
  __cpuid(kHypervisorLeaf, a, b, c, d);
  std::array<char, 12> mark{};
  std::memcpy(mark.data(), &b, 4);
  std::memcpy(mark.data() + 4, &c, 4);
  std::memcpy(mark.data() + 8, &d, 4);
  const absl::string_view text(mark.data(), mark.size());
  for (const Vendor& vendor : kHypervisors) {
    if (absl::StartsWith(text, vendor.mark)) return std::string(vendor.name);
  }
  return "vm-other";
}
#else
std::string ByProcessor() {
  return "";
}
#endif

std::string TextOf(const char* path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return std::string(absl::StripAsciiWhitespace(text));
}

bool IsThere(const char* path) {
  return access(path, F_OK) == 0;
}

std::string ByFirmware() {
  for (const char* file : {"product_name", "sys_vendor", "board_vendor", "bios_vendor"}) {
    const std::string text = TextOf(absl::StrCat("/sys/class/dmi/id/", file).c_str());
    for (const Vendor& vendor : kFirmware) {
      if (absl::StartsWith(text, vendor.mark)) return std::string(vendor.name);
    }
  }
  return "";
}

// Some virtual machines run on KVM or Hyper-V and say in their firmware whose they are.
std::string Machine() {
  std::string firmware = ByFirmware();
  for (const char* telling : {"oracle", "xen", "amazon", "parallels", "google"}) {
    if (firmware == telling) return firmware;
  }
  std::string processor = ByProcessor();
  if (!processor.empty() && processor != "vm-other") return processor;
  if (!processor.empty()) return firmware.empty() ? processor : firmware;
  return TextOf("/sys/hypervisor/type") == "xen" ? "xen" : "";
}

// The variable "container" of the first process; the container interface of systemd.
std::string VariableOfInit() {
  const std::string text = TextOf("/proc/1/environ");
  for (absl::string_view entry : absl::StrSplit(text, '\0')) {
    if (absl::ConsumePrefix(&entry, "container=")) return std::string(entry);
  }
  const char* const own = std::getenv("container");
  return getpid() == 1 && own != nullptr ? own : "";
}

// What the manager of the container says; empty: nothing.
std::string ManagerOfContainer() {
  std::string name = TextOf("/run/host/container-manager");
  if (name.empty()) name = TextOf("/run/systemd/container");
  if (name.empty()) name = VariableOfInit();
  if (!name.empty() && name != "oci") return name;
  if (IsThere("/run/.containerenv")) return "podman";
  return IsThere("/.dockerenv") ? "docker" : name;
}

std::string Container() {
  if (IsThere("/proc/vz") && !IsThere("/proc/bc")) return "openvz";
  const std::string release = TextOf("/proc/sys/kernel/osrelease");
  if (absl::StrContains(release, "Microsoft") || absl::StrContains(release, "WSL")) return "wsl";
  std::string name = ManagerOfContainer();
  static constexpr std::array<absl::string_view, 8> kKnown = {
      "systemd-nspawn", "lxc-libvirt", "lxc", "docker", "podman", "rkt", "wsl", "pouch"};
  for (const absl::string_view known : kKnown) {
    if (name == known) return name;
  }
  return name.empty() ? "" : "container-other";
}

// In the first namespace every id stands for itself.
bool HasPrivateUsers() {
  const std::string map = TextOf("/proc/self/uid_map");
  const std::vector<absl::string_view> words = absl::StrSplit(map, ' ', absl::SkipEmpty());
  return !map.empty() && words != std::vector<absl::string_view>{"0", "0", "4294967295"};
}

}  // namespace

Virtualization DetectVirtualization() {
  Virtualization found;
  found.private_users = HasPrivateUsers();
  found.name = Container();
  found.container = !found.name.empty();
  if (!found.container) found.name = Machine();
  return found;
}

}  // namespace socketd
