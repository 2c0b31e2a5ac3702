#include "server/main/surroundings.h"

#include <grp.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <gnu/libc-version.h>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

#include "server/main/virtualization.h"

namespace socketd {
namespace {

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return std::string(absl::StripAsciiWhitespace(line));
}

// os-release(5): NAME=value, perhaps in quotes.
std::map<std::string, std::string> ReadOsRelease() {
  std::ifstream file("/etc/os-release");
  if (!file) file.open("/usr/lib/os-release");
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos || line.front() == '#') continue;
    absl::string_view value = absl::string_view(line).substr(equals + 1);
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    if (quoted) value = value.substr(1, value.size() - 2);
    values[line.substr(0, equals)] = std::string(value);
  }
  return values;
}

void FillSystem(Surroundings& surroundings) {
  surroundings.machine_id = FirstLine("/etc/machine-id");
  surroundings.boot_id =
      absl::StrReplaceAll(FirstLine("/proc/sys/kernel/random/boot_id"), {{"-", ""}});
  utsname names{};
  if (uname(&names) == 0) {
    surroundings.host_name = names.nodename;
    surroundings.kernel_release = names.release;
    // systemd's word for it, systemd.unit(5), ConditionArchitecture=.
    const absl::string_view machine = names.machine;
    surroundings.architecture = machine == "x86_64"    ? "x86-64"
                                : machine == "aarch64" ? "arm64"
                                                       : std::string(machine);
  }
  std::map<std::string, std::string> release = ReadOsRelease();
  surroundings.os_id = release["ID"];
  surroundings.os_version_id = release["VERSION_ID"];
  surroundings.os_build_id = release["BUILD_ID"];
  surroundings.os_variant_id = release["VARIANT_ID"];
  const Virtualization found = DetectVirtualization();
  surroundings.virtualization = found.name;
  surroundings.container = found.container;
  surroundings.private_users = found.private_users;
  surroundings.glibc_version = gnu_get_libc_version();
}

// Its own and the supplementary ones, by number and by name.
std::vector<std::string> Groups() {
  std::vector<gid_t> numbers = {getgid(), getegid()};
  const int more = getgroups(0, nullptr);
  std::vector<gid_t> supplementary(static_cast<size_t>(std::max(more, 0)));
  if (more > 0 && getgroups(more, supplementary.data()) == more)
    numbers.insert(numbers.end(), supplementary.begin(), supplementary.end());
  std::vector<std::string> groups;
  std::array<char, 16384> text{};  // name and members of one entry
  for (const gid_t number : numbers) {
    groups.push_back(absl::StrCat(number));
    group entry{};
    group* found = nullptr;
    getgrgid_r(number, &entry, text.data(), text.size(), &found);
    if (found != nullptr) groups.emplace_back(entry.gr_name);
  }
  return groups;
}

void FillUser(Surroundings& surroundings) {
  surroundings.user_id = absl::StrCat(geteuid());
  surroundings.group_id = absl::StrCat(getegid());
  surroundings.user_name = surroundings.user_id;
  surroundings.group_name = surroundings.group_id;
  std::array<char, 16384> text{};  // names, folders and members of one entry
  passwd user{};
  passwd* found_user = nullptr;
  getpwuid_r(geteuid(), &user, text.data(), text.size(), &found_user);
  if (found_user != nullptr) {
    surroundings.user_name = user.pw_name;
    surroundings.user_home = user.pw_dir;
    surroundings.user_shell = user.pw_shell;
  }
  group own_group{};
  group* found_group = nullptr;
  getgrgid_r(getegid(), &own_group, text.data(), text.size(), &found_group);
  if (found_group != nullptr) surroundings.group_name = own_group.gr_name;
  surroundings.groups = Groups();
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Surroundings GatherSurroundings(const std::string& runtime_dir, const std::string& state_dir) {
  Surroundings surroundings;
  FillSystem(surroundings);
  FillUser(surroundings);
  if (geteuid() == 0) return surroundings;
  surroundings.runtime_directory = ParentOf(runtime_dir);
  surroundings.state_directory = ParentOf(state_dir);
  surroundings.cache_directory = absl::StrCat(surroundings.user_home, "/.cache");
  surroundings.configuration_directory = absl::StrCat(surroundings.user_home, "/.config");
  surroundings.logs_directory = absl::StrCat(surroundings.state_directory, "/log");
  surroundings.shared_data_directory = absl::StrCat(surroundings.user_home, "/.local/share");
  return surroundings;
}

}  // namespace socketd
