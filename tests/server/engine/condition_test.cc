// Every kind of condition against small worlds; the machine is files in a map.
#include "server/engine/condition.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/unit/schema.h"
#include "server/unit/unit_name.h"

namespace socketd {
namespace {

using ::testing::IsEmpty;
using PathKind = PathFacts::Kind;

// Files by path, and what differs from a plain file at others.
class World final : public ConditionWorld {
 public:
  World() {
    around.host_name = "Alpha.example";
    around.machine_id = "0123456789abcdef0123456789abcdef";
    around.boot_id = "fedcba9876543210fedcba9876543210";
    around.kernel_release = "6.1.0-13-amd64";
    around.architecture = "x86-64";
    around.glibc_version = "2.36";
    around.virtualization = "kvm";
    around.user_name = "www-data";
    around.user_id = "33";
    around.groups = {"33", "www-data", "4", "adm"};
    variables = {"LANG=C", "EMPTY="};
  }

  absl::StatusOr<PathFacts> Inspect(const std::string& path) override {
    if (const auto found = facts.find(path); found != facts.end()) return found->second;
    const auto file = files.find(path);
    const bool folder = HasBelow(path);
    if (file == files.end() && !folder) return absl::NotFoundError(path);
    PathFacts plain;
    plain.kind = folder ? PathKind::kDirectory : PathKind::kFile;
    plain.empty = !folder && file->second.empty();
    return plain;
  }

  absl::StatusOr<std::string> ReadFile(const std::string& path, size_t /*limit*/) override {
    const auto file = files.find(path);
    if (file == files.end()) return absl::NotFoundError(path);
    return file->second;
  }

  absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) override {
    const std::string prefix = path == "/" ? path : path + "/";
    std::map<std::string, DirectoryEntry> found;
    for (const auto& [name, text] : files) {
      if (!absl::StartsWith(name, prefix)) continue;
      const std::string rest = name.substr(prefix.size());
      const std::string first = rest.substr(0, rest.find('/'));
      found[first].name = first;
    }
    if (found.empty()) return absl::NotFoundError(path);
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, entry] : found)
      entries.push_back(entry);
    return entries;
  }

  const Surroundings& surroundings() const override { return around; }
  const std::vector<std::string>& environment() const override { return variables; }

  std::map<std::string, std::string> files;
  std::map<std::string, PathFacts> facts;
  Surroundings around;
  std::vector<std::string> variables;

 private:
  bool HasBelow(const std::string& path) const {
    const auto next = files.upper_bound(path + "/");
    return next != files.end() && absl::StartsWith(next->first, path + "/");
  }
};

v1::UnitSpec Read(const std::string& lines) {
  v1::UnitDefinition definition;
  Problems problems;
  ReadUnitFile(*UnitName::Parse("a.target"), {"a.target", absl::StrCat("[Unit]\n", lines, "\n")},
               definition, problems);
  for (const Problem& problem : problems)
    ADD_FAILURE() << ToText(problem);
  return definition.unit();
}

ConditionVerdict Judge(const std::string& lines, World& world) {
  return Evaluate(ConditionRole::kCondition, Read(lines).conditions(), world);
}

// Lines "Kind=value" that hold, and that do not.
struct Row {
  const char* line;
  bool holds;
};

void Expect(const std::vector<Row>& rows, World& world) {
  for (const Row& row : rows) {
    EXPECT_EQ(Judge(absl::StrCat("Condition", row.line), world).met, row.holds) << row.line;
    std::string negated = absl::StrCat("Condition", row.line);
    negated.insert(negated.find('=') + 1, "!");
    EXPECT_EQ(Judge(negated, world).met, !row.holds) << negated;
  }
}

TEST(Condition, Paths) {
  World world;
  world.files = {{"/etc/web.conf", "x"}, {"/etc/empty", ""}, {"/srv/www/index", ""}};
  PathFacts lost;
  lost.symlink = true;
  world.facts["/lost"] = lost;
  PathFacts link;
  link.kind = PathKind::kFile;
  link.symlink = true;
  link.executable = true;
  world.facts["/link"] = link;
  PathFacts bare;
  bare.kind = PathKind::kDirectory;
  bare.mount_point = true;
  bare.read_only = true;
  world.facts["/mnt"] = bare;
  PathFacts socket;
  socket.kind = PathKind::kSocket;
  world.facts["/run/s"] = socket;
  Expect({{"PathExists=/etc/web.conf", true},
          {"PathExists=/etc//./web.conf/", true},
          {"PathExists=/none", false},
          {"PathExists=/lost", false},
          {"PathIsDirectory=/etc", true},
          {"PathIsDirectory=/etc/web.conf", false},
          {"PathIsSymbolicLink=/lost", true},
          {"PathIsSymbolicLink=/etc", false},
          {"PathIsMountPoint=/mnt", true},
          {"PathIsMountPoint=/etc", false},
          {"PathIsReadWrite=/etc", true},
          {"PathIsReadWrite=/mnt", false},
          {"PathIsReadWrite=/none", false},
          {"PathIsSocket=/run/s", true},
          {"PathIsSocket=/link", false},
          {"DirectoryNotEmpty=/srv/www", true},
          {"DirectoryNotEmpty=/mnt", false},
          {"DirectoryNotEmpty=/none", false},
          {"DirectoryNotEmpty=/etc/web.conf", false},
          {"FileNotEmpty=/etc/web.conf", true},
          {"FileNotEmpty=/etc/empty", false},
          {"FileNotEmpty=/etc", false},
          {"FileIsExecutable=/link", true},
          {"FileIsExecutable=/etc/web.conf", false}},
         world);
}

TEST(Condition, PatternsOfPaths) {
  World world;
  world.files = {{"/etc/a/x.conf", ""}, {"/etc/b/.hidden", ""}, {"/top", ""}};
  Expect({{"PathExistsGlob=/etc/*/x.conf", true},
          {"PathExistsGlob=/etc/*/*.conf", true},
          {"PathExistsGlob=/etc/b/*", false},
          {"PathExistsGlob=/etc/b/.h*", true},
          {"PathExistsGlob=/t?p", true},
          {"PathExistsGlob=/[a-s]*p", false},
          {"PathExistsGlob=/top", true},
          {"PathExistsGlob=/none/*", false}},
         world);
}

TEST(Condition, TheHost) {
  World world;
  Expect({{"Host=alpha.*", true},
          {"Host=beta", false},
          {"Host=01234567-89ab-cdef-0123-456789abcdef", true},
          {"Host=FEDCBA9876543210FEDCBA9876543210", true},
          {"Host=11234567-89ab-cdef-0123-456789abcdef", false},
          {"Architecture=x86-64", true},
          {"Architecture=native", true},
          {"Architecture=arm64", false},
          {"Virtualization=yes", true},
          {"Virtualization=vm", true},
          {"Virtualization=kvm", true},
          {"Virtualization=container", false},
          {"Virtualization=private-users", false},
          {"Virtualization=no", false}},
         world);
  world.around.virtualization = "docker";
  world.around.container = true;
  world.around.private_users = true;
  Expect({{"Virtualization=vm", false},
          {"Virtualization=container", true},
          {"Virtualization=docker", true},
          {"Virtualization=private-users", true}},
         world);
  world.around.virtualization = "";
  world.around.container = false;
  Expect({{"Virtualization=no", true}, {"Virtualization=vm", false}}, world);
}

TEST(Condition, Versions) {
  World world;
  world.files["/etc/os-release"] = "ID=debian\nVERSION_ID=\"12\"\nNAME='Debian GNU/Linux'\n";
  Expect({{"KernelVersion=>=6.1", true},
          {"KernelVersion=>= 6.1", true},
          {"KernelVersion=\">= 5\" \"< 6.1\"", false},
          {"KernelVersion=6.1.*", true},
          {"KernelVersion=5.*", false},
          {"KernelVersion=!=6.1", true},
          {"Version=>=6.1", true},
          {"Version=kernel >=6.2", false},
          {"Version=glibc >=2.36", true},
          {"Version=glibc >=2.40", false},
          {"OSRelease=ID=debian", true},
          {"OSRelease=ID=debian VERSION_ID>=11 \"NAME$=Debian*\"", true},
          {"OSRelease=ID=debian VERSION_ID>12", false},
          {"OSRelease=ID!=fedora", true},
          {"OSRelease=NAME!$=Debian*", false},
          {"OSRelease=VARIANT_ID=", true}},
         world);
}

TEST(Condition, TheKernelsCommandLine) {
  World world;
  world.files["/proc/cmdline"] = "BOOT_IMAGE=/vmlinuz quiet root=\"/dev/a b\"\n";
  world.files["/proc/1/cmdline"] = std::string("/sbin/init\0single\0", 18);
  Expect({{"KernelCommandLine=quiet", true},
          {"KernelCommandLine=root", true},
          {"KernelCommandLine=root=/dev/a b", true},
          {"KernelCommandLine=root=/dev/b", false},
          {"KernelCommandLine=qui", false},
          {"KernelCommandLine=single", false},
          {"FirstBoot=no", true},
          {"NeedsUpdate=/etc", true}},
         world);
  world.around.container = true;
  Expect({{"KernelCommandLine=single", true}, {"KernelCommandLine=quiet", false}}, world);
}

TEST(Condition, TheFirstBootAndUpdates) {
  World world;
  world.files = {{"/run/systemd/first-boot", ""}, {"/etc/.updated", ""}, {"/usr/bin/x", ""}};
  PathFacts usr;
  usr.kind = PathKind::kDirectory;
  usr.modified = absl::FromUnixSeconds(100);
  world.facts["/usr"] = usr;
  PathFacts updated;
  updated.kind = PathKind::kFile;
  updated.modified = absl::FromUnixSeconds(200);
  world.facts["/etc/.updated"] = updated;
  Expect({{"FirstBoot=yes", true}, {"NeedsUpdate=/etc", false}, {"NeedsUpdate=/var", true}}, world);
  world.facts["/usr"].modified = absl::FromUnixSeconds(300);
  Expect({{"NeedsUpdate=/etc", true}}, world);
  world.files["/proc/cmdline"] = "systemd.condition-first-boot=no systemd.condition-needs-update=0";
  Expect({{"FirstBoot=yes", false}, {"NeedsUpdate=/etc", false}}, world);
}

TEST(Condition, TheDaemonItself) {
  World world;
  world.files["/proc/self/status"] =
      "Name:\tx\nCapBnd:\t0000000000001001\nCpus_allowed:\tff,00000003\n";
  Expect({{"Environment=LANG", true},
          {"Environment=LANG=C", true},
          {"Environment=LANG=de", false},
          {"Environment=EMPTY", true},
          {"Environment=LAN", false},
          {"User=33", true},
          {"User=www-data", true},
          {"User=root", false},
          {"User=@system", true},
          {"Group=adm", true},
          {"Group=4", true},
          {"Group=wheel", false},
          {"Capability=CAP_CHOWN", true},
          {"Capability=cap_net_admin", true},
          {"Capability=CAP_SYS_ADMIN", false},
          {"CPUs=10", true},
          {"CPUs=>10", false},
          {"CPUs=< 11", true}},
         world);
  world.around.user_id = "1000";
  Expect({{"User=@system", false}}, world);
}

TEST(Condition, TheMachine) {
  World world;
  world.files = {{"/proc/meminfo", "MemTotal:        2097152 kB\nMemFree: 1 kB\n"},
                 {"/sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"},
                 {"/sys/fs/cgroup/memory.max", "max\n"},
                 {"/sys/module/loop/initstate", "live\n"},
                 {"/sys/module/snd_hda/initstate", "coming\n"},
                 {"/sys/module/built_in/parameters", ""},
                 {"/sys/module/apparmor/parameters/enabled", "Y\n"},
                 {"/proc/net/netlink", "sk Eth Pid\nffff 0 0\nffff 9 0 00\n"},
                 {"/sys/class/tpmrm/tpmrm0", ""}};
  Expect({{"Memory=2G", true},
          {"Memory=> 2G", false},
          {"Memory=<1024M", false},
          {"ControlGroupController=v2", true},
          {"ControlGroupController=v1", false},
          {"ControlGroupController=cpu pids", true},
          {"ControlGroupController=cpu io", false},
          {"KernelModuleLoaded=loop", true},
          {"KernelModuleLoaded=snd-hda", false},
          {"KernelModuleLoaded=built-in", true},
          {"KernelModuleLoaded=none", false},
          {"KernelModuleLoaded=../module", false},
          {"Security=apparmor", true},
          {"Security=audit", true},
          {"Security=tpm2", true},
          {"Security=selinux", false},
          {"Security=uefi-secureboot", false},
          {"Security=cvm", false}},
         world);
  world.files["/sys/fs/cgroup/memory.max"] = "1048576";
  Expect({{"Memory=2M", false}, {"Memory=1M", true}}, world);
  world.files = {{"/proc/cgroups", "#name\thier\tnum\ton\ncpu\t1\t2\t1\nmemory\t0\t1\t0\n"}};
  Expect({{"ControlGroupController=v1", true},
          {"ControlGroupController=cpu", true},
          {"ControlGroupController=memory", false}},
         world);
}

TEST(Condition, Power) {
  World world;
  Expect({{"ACPower=yes", true}, {"ACPower=no", false}}, world);
  const std::string supplies = "/sys/class/power_supply/";
  world.files = {{supplies + "BAT0/type", "Battery\n"},
                 {supplies + "BAT0/status", "Discharging\n"},
                 {supplies + "AC/type", "Mains\n"},
                 {supplies + "AC/online", "0\n"}};
  Expect({{"ACPower=yes", false}, {"ACPower=no", true}}, world);
  world.files[supplies + "AC/online"] = "1\n";
  Expect({{"ACPower=yes", true}}, world);
}

TEST(Conditions, AllMustHoldAndOneOfTheTriggers) {
  World world;
  world.files = {{"/a", ""}, {"/b", ""}};
  struct Case {
    const char* lines;
    const char* unmet;  // empty: all is met
  };
  const Case cases[] = {
      {"", ""},
      {"ConditionPathExists=/a\nConditionPathExists=/b", ""},
      {"ConditionPathExists=/a\nConditionPathExists=/x\nConditionPathExists=/y",
       "ConditionPathExists=/x is not met"},
      {"ConditionPathExists=|/x\nConditionPathExists=|/a", ""},
      {"ConditionPathExists=|!/a", "ConditionPathExists=|!/a is not met"},
      {"ConditionPathExists=|/x\nConditionHost=|beta",
       "none of ConditionPathExists=|/x, ConditionHost=|beta is met"},
      {"ConditionPathExists=|/a\nConditionPathExists=!/b", "ConditionPathExists=!/b is not met"},
      {"ConditionPathExists=|/x\nConditionPathExists=/y", "ConditionPathExists=/y is not met"},
      {"ConditionPathExists=/x\nConditionHost=\nConditionPathExists=/a", ""},
  };
  for (const Case& one : cases) {
    const ConditionVerdict verdict = Judge(one.lines, world);
    EXPECT_EQ(verdict.unmet, one.unmet) << one.lines;
    EXPECT_EQ(verdict.met, verdict.unmet.empty()) << one.lines;
  }
}

TEST(Conditions, EachIsFoundAndNamedByItsRole) {
  World world;
  world.files = {{"/a", ""}};
  const v1::UnitSpec spec = Read("AssertPathExists=/x\nAssertPathExists=!/y\nConditionHost=beta");
  const ConditionVerdict verdict = Evaluate(ConditionRole::kAssertion, spec.assertions(), world);
  EXPECT_EQ(verdict.unmet, "AssertPathExists=/x is not met");
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_EQ(verdict.findings[0].directive, "AssertPathExists=/x");
  EXPECT_FALSE(verdict.findings[0].holds);
  EXPECT_EQ(verdict.findings[1].directive, "AssertPathExists=!/y");
  EXPECT_TRUE(verdict.findings[1].holds);
}

}  // namespace
}  // namespace socketd
