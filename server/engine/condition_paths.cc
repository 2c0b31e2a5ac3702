// Conditions on paths.
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/glob.h"
#include "server/engine/condition_tests.h"
#include "server/unit/grammar_name.h"

namespace socketd {
namespace {

using Kind = PathFacts::Kind;

// Of nothing where there is nothing.
PathFacts LookAt(const std::string& path, ConditionWorld& world) {
  return world.Inspect(CleanPath(path)).value_or(PathFacts());
}

// A name that begins with a dot is only meant where the pattern says so, as with glob(7).
bool IsMeant(absl::string_view part, absl::string_view name) {
  const bool hidden = absl::StartsWith(name, ".") && !absl::StartsWith(part, ".");
  return !hidden && MatchesGlob(part, name);
}

// The paths that one more part of a pattern leads to.
std::vector<std::string> Matching(const std::vector<std::string>& folders,
                                  absl::string_view part,
                                  ConditionWorld& world) {
  constexpr size_t kMostPaths = 1000;
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    const auto entries = world.ListDirectory(folder.empty() ? "/" : folder);
    for (const DirectoryEntry& entry : entries.value_or(std::vector<DirectoryEntry>())) {
      if (found.size() == kMostPaths) return found;
      if (IsMeant(part, entry.name)) found.push_back(absl::StrCat(folder, "/", entry.name));
    }
  }
  return found;
}

}  // namespace

bool PathExists(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).kind != Kind::kNothing;
}

bool PathExistsGlob(const std::string& pattern, ConditionWorld& world) {
  std::vector<std::string> paths = {""};
  for (const absl::string_view part : absl::StrSplit(pattern, '/', absl::SkipEmpty())) {
    if (part.find_first_of("*?[\\") != absl::string_view::npos) {
      paths = Matching(paths, part, world);
      continue;
    }
    for (std::string& path : paths)
      absl::StrAppend(&path, "/", part);
  }
  // A link that leads nowhere is there all the same, as with glob(3).
  for (const std::string& path : paths) {
    if (world.Inspect(path.empty() ? "/" : path).ok()) return true;
  }
  return false;
}

bool PathIsDirectory(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).kind == Kind::kDirectory;
}

bool PathIsSymbolicLink(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).symlink;
}

bool PathIsMountPoint(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).mount_point;
}

bool PathIsReadWrite(const std::string& path, ConditionWorld& world) {
  const PathFacts facts = LookAt(path, world);
  return facts.kind != Kind::kNothing && !facts.read_only;
}

bool PathIsSocket(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).kind == Kind::kSocket;
}

bool DirectoryNotEmpty(const std::string& path, ConditionWorld& world) {
  const PathFacts facts = LookAt(path, world);
  return facts.kind == Kind::kDirectory && !facts.empty;
}

bool FileNotEmpty(const std::string& path, ConditionWorld& world) {
  const PathFacts facts = LookAt(path, world);
  return facts.kind == Kind::kFile && !facts.empty;
}

bool FileIsExecutable(const std::string& path, ConditionWorld& world) {
  return LookAt(path, world).executable;
}

// What cannot be found out is rather updated once too often.
bool NeedsUpdate(const std::string& path, ConditionWorld& world) {
  constexpr char kOverride[] = "systemd.condition-needs-update";
  if (KernelCommandLineSays(kOverride, false, world)) return true;
  if (!KernelCommandLineSays(kOverride, true, world)) return false;
  if (LookAt(path, world).read_only) return false;
  const auto updated = world.Inspect(absl::StrCat(CleanPath(path), "/.updated"));
  const auto system = world.Inspect("/usr");
  return !updated.ok() || !system.ok() || system->modified > updated->modified;
}

}  // namespace socketd
