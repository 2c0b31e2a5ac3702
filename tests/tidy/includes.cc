// Who may look at whom: the floors of server/README.md, read off #include lines on every compiler.
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "tests/tidy/rules.h"

namespace socketd::tidy {
namespace {

// A row a floor: what its includes may begin with. The first row that matches a file holds.
struct Floor {
  const char* files;
  std::vector<const char*> may;  // of our own
  std::vector<const char*> not_outside;
};

const std::vector<Floor>& Floors() {
  static const auto& floors = *new std::vector<Floor>{
      {"server/base/log.cc", {"server/base/"}, {"grpc", "google/"}},
      {"server/base/", {"server/base/"}, {"grpc", "google/", "spdlog/"}},
      {"server/kernel/linux_",
       {"server/base/", "server/kernel/", "server/exec/", "server/keeper/life.h"},
       {"grpc", "google/", "spdlog/"}},
      {"server/kernel/",
       {"server/base/", "server/kernel/"},
       {"grpc", "google/", "spdlog/", "sys/", "linux/"}},
      {"server/exec/", {"server/exec/"}, {"grpc", "google/", "spdlog/", "absl/"}},
      {"server/keeper/", {"server/keeper/"}, {"grpc", "google/", "spdlog/", "absl/"}},
      {"server/unit/",
       {"server/base/", "server/unit/", "proto/"},
       {"grpc", "spdlog/", "sys/", "linux/"}},
      {"server/loop/",
       {"server/base/", "server/kernel/kernel.h", "server/kernel/types.h", "server/loop/"},
       {"grpc", "google/", "spdlog/", "sys/", "linux/"}},
      {"server/engine/",
       {"server/base/", "server/kernel/kernel.h", "server/kernel/types.h", "server/loop/",
        "server/unit/", "server/engine/", "proto/"},
       {"grpc", "spdlog/", "sys/", "linux/"}},
      {"server/handoff/",
       {"server/base/", "server/kernel/kernel.h", "server/kernel/types.h", "server/loop/",
        "server/unit/", "server/engine/", "server/handoff/", "proto/"},
       {"grpc", "spdlog/"}},
      {"server/api/",
       {"server/base/", "server/unit/", "server/engine/engine_handle.h", "server/engine/history.h",
        "server/api/", "proto/"},
       {"spdlog/"}},
      {"server/main/", {"server/", "proto/"}, {"spdlog/"}},
      {"cli/", {"cli/", "proto/"}, {"spdlog/"}},
      {"tests/", {"server/", "cli/", "tests/", "proto/"}, {}},
  };
  return floors;
}

// The kernel floor on Linux is seen by the roof and by tests only.
bool SeesLinux(absl::string_view path) {
  return absl::StartsWith(path, "server/kernel/linux_") || absl::StartsWith(path, "server/main/") ||
         absl::StartsWith(path, "tests/");
}

std::string Fault(const SourceFile& file, absl::string_view header, const Floor& floor) {
  const bool ours = absl::StartsWith(header, "server/") || absl::StartsWith(header, "cli/") ||
                    absl::StartsWith(header, "tests/") || absl::StartsWith(header, "proto/");
  const auto begins = [&](const char* prefix) { return absl::StartsWith(header, prefix); };
  if (ours && absl::c_none_of(floor.may, begins)) return "is above this floor";
  if (begins("server/kernel/linux_") && !SeesLinux(file.path)) return "is seen by the roof only";
  if (absl::c_any_of(floor.not_outside, begins)) return "this floor must not know it";
  return "";
}

// What stands between the quotes or angle brackets of an #include line; empty for other lines.
absl::string_view Included(absl::string_view line) {
  if (!absl::StartsWith(line, "#include")) return "";
  const size_t begin = line.find_first_of("<\"");
  if (begin == absl::string_view::npos) return "";
  const size_t end = line.find_first_of(">\"", begin + 1);
  return line.substr(begin + 1, end - begin - 1);
}

}  // namespace

Faults CheckIncludes(const Tree& tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    if (!file.is_cpp()) continue;
    const auto floor = absl::c_find_if(
        Floors(), [&](const Floor& row) { return absl::StartsWith(file.path, row.files); });
    if (floor == Floors().end()) {
      faults.push_back(absl::StrCat(file.path, ": on no floor (add a row to the table)"));
      continue;
    }
    int number = 0;
    for (absl::string_view line : absl::StrSplit(file.text, '\n')) {
      ++number;
      const absl::string_view header = Included(line);
      const std::string fault = header.empty() ? "" : Fault(file, header, *floor);
      if (!fault.empty())
        faults.push_back(absl::StrCat(file.path, ":", number, ": ", header, " (", fault, ")"));
    }
  }
  return faults;
}

}  // namespace socketd::tidy
