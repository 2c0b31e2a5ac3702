#include "server/unit/unit_loader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/unit/definition_rules.h"
#include "server/unit/schema.h"
#include "server/unit/unit_file.h"
#include "server/unit/unit_lookup.h"

namespace socketd {
namespace {

// FNV-1a, 64 bits.
class Hash {
 public:
  void Add(absl::string_view text) {
    for (char c : text)
      AddByte(static_cast<uint8_t>(c));
    AddByte(0);
  }
  uint64_t value() const { return value_; }

 private:
  void AddByte(uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001B3; }

  uint64_t value_ = 0xCBF29CE484222325;
};

// The fatal problems on one line, as many as a screen bears.
std::string FatalText(const Problems& problems) {
  constexpr size_t kMostShown = 5;
  std::string text;
  size_t count = 0;
  for (const Problem& problem : problems) {
    if (!problem.fatal || ++count > kMostShown) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", ToText(problem));
  }
  if (count > kMostShown) absl::StrAppend(&text, "; and ", count - kMostShown, " more");
  return text;
}

void AddMissing(const std::vector<std::string>& names,
                google::protobuf::RepeatedPtrField<std::string>& list) {
  for (const std::string& name : names) {
    if (std::find(list.begin(), list.end(), name) == list.end()) *list.Add() = name;
  }
}

// systemd.unit(5): a template in a dependency means its instance of the same name as ours, or, of a
// plain unit, the instance named by the unit's prefix.
void ResolveTemplates(const UnitName& own, v1::UnitSpec& unit) {
  const absl::string_view instance = own.is_instance() ? own.instance() : own.prefix();
  if (own.is_template()) return;
  for (auto* list : {unit.mutable_requires_units(), unit.mutable_wants(), unit.mutable_requisite(),
                     unit.mutable_binds_to(), unit.mutable_part_of(), unit.mutable_conflicts(),
                     unit.mutable_before(), unit.mutable_after(), unit.mutable_on_failure()}) {
    for (std::string& text : *list) {
      const auto name = UnitName::Parse(text);
      if (!name.ok() || !name->is_template()) continue;
      const auto resolved = name->WithInstance(instance);
      if (resolved.ok()) text = resolved->text();
    }
  }
}

void WarnOfVarRun(const v1::UnitDefinition& definition, Problems& problems) {
  const auto warn = [&](absl::string_view section, absl::string_view key, const std::string& path) {
    if (!absl::StartsWith(path, "/var/run/")) return;
    Problem problem;
    problem.section = std::string(section);
    problem.key = std::string(key);
    problem.message = absl::StrCat(path, " is below /var/run, the old name of /run, which is used");
    problems.push_back(std::move(problem));
  };
  for (const v1::ListenAddress& listen : definition.socket().listen())
    warn("Socket", "ListenStream", listen.address());
  warn("Service", "PIDFile", definition.service().pid_file());
}

// One file of a unit, for finding where something stands.
struct Source {
  std::string path;
  std::string text;
};

// The last place of the problem's key in the files, one with a specifier if there is one: what is
// found after expansion has no line by itself.
void Locate(const std::vector<Source>& sources, Problem& problem) {
  bool found_specifier = false;
  for (const Source& source : sources) {
    Problems ignored;
    for (const Assignment& assignment : ReadAssignments(source.path, source.text, ignored)) {
      if (assignment.section != problem.section || assignment.key != problem.key) continue;
      const bool has_specifier = absl::StrContains(assignment.value, "%");
      if (found_specifier && !has_specifier) continue;
      found_specifier = has_specifier;
      problem.file = source.path;
      problem.line = assignment.line;
    }
  }
  if (problem.file.empty() && !sources.empty()) problem.file = sources[0].path;
}

using Sources = std::vector<Source>;

uint64_t DigestOf(const Sources& sources, const LoadedUnit& unit) {
  Hash hash;
  for (const Source& source : sources) {
    hash.Add(source.path);
    hash.Add(source.text);
  }
  for (const auto* links : {&unit.linked_wants, &unit.linked_requires}) {
    for (const std::string& name : *links)
      hash.Add(name);
  }
  return hash.value();
}

// Expands, adds what the folders say, checks, and says what came of it.
void Finish(const Sources& sources, Surroundings surroundings, LoadedUnit& unit) {
  surroundings.fragment_path = unit.fragment_path;
  auto effective = std::make_shared<v1::UnitDefinition>(*unit.written);
  WarnOfVarRun(*effective, unit.problems);
  // A template has no instance to expand: it is checked as it is written.
  absl::Status expanded = unit.name.is_template()
                              ? absl::OkStatus()
                              : ExpandDefinition(unit.name, surroundings, *effective);
  if (unit.name.is_template()) {
    CheckRules(*effective, unit.problems);
  } else if (expanded.ok()) {
    CheckExpandedDefinition(unit.name, *effective, unit.problems);
  } else {
    auto facts = FactsOf(expanded);
    Problem problem;
    problem.section = facts["section"];
    problem.key = facts["key"];
    problem.field = facts["field"];
    problem.message = std::string(expanded.message());
    problem.fatal = true;
    unit.problems.push_back(std::move(problem));
  }
  WarnUnenforced(*unit.written, unit.problems);
  for (Problem& problem : unit.problems) {
    if (problem.file.empty()) Locate(sources, problem);
  }
  if (AnyFatal(unit.problems)) {
    unit.state = LoadState::kBadSetting;
    unit.error = FatalText(unit.problems);
    return;
  }
  AddMissing(unit.linked_wants, *effective->mutable_unit()->mutable_wants());
  AddMissing(unit.linked_requires, *effective->mutable_unit()->mutable_requires_units());
  ResolveTemplates(unit.name, *effective->mutable_unit());
  unit.effective = std::move(effective);
  unit.state = LoadState::kLoaded;
}

}  // namespace

UnitLoader::UnitLoader(UnitFiles& files,
                       std::vector<std::string> unit_paths,
                       Surroundings surroundings)
    : files_(files), unit_paths_(std::move(unit_paths)), surroundings_(std::move(surroundings)) {}

LoadedUnit UnitLoader::Load(const UnitName& name) const {
  LoadedUnit unit(name);
  if (name.type() == UnitType::kOther) {
    unit.error = absl::StrCat(name.text(), ": units of this type do not run here");
    return unit;
  }
  UnitLookup own(files_, unit_paths_);
  UnitLookup& lookup = look_ != nullptr ? *look_ : own;
  const Fragment fragment = lookup.FindFragment(name);
  unit.name = fragment.name;
  unit.aliases = lookup.AliasesOf(fragment.name);
  unit.state = fragment.state;
  unit.fragment_path = fragment.path;
  unit.stamps.push_back(fragment.stamp);
  unit.error = fragment.error;
  if (fragment.state != LoadState::kLoaded) return unit;

  Sources sources = {{fragment.path, fragment.text}};
  for (const std::string& path : lookup.DropInsOf(unit.name, unit.aliases)) {
    unit.stamps.push_back(files_.StampOf(path));
    auto text = files_.Read(path);
    if (!text.ok()) {
      unit.state = LoadState::kError;
      unit.error = absl::StrCat(path, ": ", std::string(text.status().message()));
      return unit;
    }
    unit.drop_in_paths.push_back(path);
    sources.push_back({path, *std::move(text)});
  }
  unit.linked_wants = lookup.LinkedFrom(unit.name, unit.aliases, "wants");
  unit.linked_requires = lookup.LinkedFrom(unit.name, unit.aliases, "requires");
  unit.source_hash = DigestOf(sources, unit);
  auto written = std::make_shared<v1::UnitDefinition>();
  for (const Source& source : sources)
    ReadUnitFile(unit.name, {source.path, source.text}, *written, unit.problems);
  unit.written = std::move(written);
  Finish(sources, surroundings_, unit);
  return unit;
}

LoadedUnit UnitLoader::LoadLike(const LoadedUnit& sibling, const UnitName& name) const {
  LoadedUnit unit = sibling;
  unit.name = name;
  unit.aliases.clear();
  unit.problems.clear();
  Finish({}, surroundings_, unit);
  return unit;
}

bool UnitLoader::SourceChanged(const LoadedUnit& unit) const {
  if (unit.fragment_path.empty() || unit.state == LoadState::kNotFound) return false;
  UnitLookup lookup(files_, unit_paths_);
  std::vector<std::string> stamps = {files_.StampOf(unit.fragment_path)};
  if (stamps[0] != unit.stamps[0] || lookup.IsOvertaken(unit.name, unit.fragment_path)) return true;
  if (unit.state == LoadState::kMasked) return false;
  const std::vector<std::string> drop_ins = lookup.DropInsOf(unit.name, unit.aliases);
  for (const std::string& path : drop_ins)
    stamps.push_back(files_.StampOf(path));
  return stamps != unit.stamps ||
         (unit.state != LoadState::kError && drop_ins != unit.drop_in_paths);
}

std::vector<std::string> UnitLoader::StampsOf(const LoadedUnit& unit) const {
  std::vector<std::string> stamps = {files_.StampOf(unit.fragment_path)};
  for (const std::string& path : unit.drop_in_paths)
    stamps.push_back(files_.StampOf(path));
  return stamps;
}

std::vector<UnitName> UnitLoader::ListNames(Problems& problems) const {
  UnitLookup own(files_, unit_paths_);
  return (look_ != nullptr ? *look_ : own).AllNames(problems);
}

void UnitLoader::WithOneLook(const std::function<void()>& loads) const {
  UnitLookup lookup(files_, unit_paths_);
  look_ = &lookup;
  loads();
  look_ = nullptr;
}

}  // namespace socketd
