#include "server/unit/unit_lookup.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace socketd {
namespace {

constexpr int kMostLinks = 16;
constexpr size_t kMostDropIns = 256;

// The path that a link in `folder` points to, without ".." and doubled slashes.
std::string TargetPath(absl::string_view folder, absl::string_view target) {
  const std::string joined =
      absl::StartsWith(target, "/") ? std::string(target) : absl::StrCat(folder, "/", target);
  std::vector<absl::string_view> parts;
  for (absl::string_view part : absl::StrSplit(joined, '/', absl::SkipEmpty())) {
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (part != ".") {
      parts.push_back(part);
    }
  }
  std::string path;
  for (absl::string_view part : parts)
    absl::StrAppend(&path, "/", part);
  return path;
}

absl::string_view BaseName(absl::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

absl::string_view FolderOf(absl::string_view path) {
  return path.substr(0, path.rfind('/'));
}

bool IsNull(absl::string_view path) {
  return path == "/dev/null";
}

// "foo-bar-.socket", "foo-.socket" for "foo-bar-x.socket": longest first.
std::vector<std::string> DashPrefixes(const UnitName& name) {
  std::vector<std::string> prefixes;
  absl::string_view rest = name.prefix();
  while (!rest.empty()) {
    const size_t dash = rest.rfind('-', rest.size() - 1);
    if (dash == absl::string_view::npos || dash == 0) break;
    const absl::string_view prefix = rest.substr(0, dash + 1);
    if (prefix != name.prefix()) {
      prefixes.push_back(absl::StrCat(prefix, ".", name.suffix()));
    }
    rest = rest.substr(0, dash);
  }
  return prefixes;
}

}  // namespace

const UnitFiles::Entry* UnitLookup::Listing::Find(absl::string_view name) const {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const UnitFiles::Entry& entry, absl::string_view wanted) { return entry.name < wanted; });
  return at != entries.end() && at->name == name ? &*at : nullptr;
}

// Most units have no folder of their own: what its parent does not list is not asked for.
const UnitLookup::Listing& UnitLookup::List(const std::string& folder) {
  static const auto* const kNothing = new Listing();
  const auto parent = listed_.find(FolderOf(folder));
  if (parent != listed_.end() && parent->second->Find(BaseName(folder)) == nullptr)
    return *kNothing;
  std::unique_ptr<const Listing>& known = listed_[folder];
  if (known != nullptr) return *known;
  auto listing = std::make_unique<Listing>();
  auto entries = files_.List(folder);
  if (entries.ok()) listing->entries = *std::move(entries);
  std::sort(listing->entries.begin(), listing->entries.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  for (const UnitFiles::Entry& entry : listing->entries)
    if (entry.is_symlink) listing->links.push_back(&entry);
  known = std::move(listing);
  return *known;
}

UnitLookup::Place UnitLookup::Locate(const UnitName& name) {
  for (const UnitName& wanted : {name, name.TemplateName()}) {
    for (const std::string& folder : unit_paths_) {
      const UnitFiles::Entry* entry = List(folder).Find(wanted.text());
      if (entry != nullptr && !entry->is_directory) return {folder, entry};
    }
  }
  return {};
}

bool UnitLookup::IsOnPath(const std::string& folder) const {
  return std::any_of(unit_paths_.begin(), unit_paths_.end(),
                     [&](const std::string& path) { return TargetPath("", path) == folder; });
}

UnitName UnitLookup::Target(const UnitName& name, const Place& place) const {
  const std::string path = TargetPath(place.folder, place.entry->target);
  const auto target = UnitName::Parse(BaseName(path));
  if (!target.ok() || target->type() != name.type()) return name;
  if (!IsOnPath(std::string(FolderOf(path)))) return name;
  if (!target->is_template() || !name.is_instance()) return *target;
  const auto instance = target->WithInstance(name.instance());
  return instance.ok() ? *instance : name;
}

UnitLookup::Place UnitLookup::Follow(Fragment& fragment) {
  const UnitName asked = fragment.name;
  for (int links = 0; links <= kMostLinks; ++links) {
    Place place = Locate(fragment.name);
    if (place.entry == nullptr) {
      fragment.error = absl::StrCat("no file on the unit path has ", fragment.name.text());
      return {};
    }
    fragment.path = absl::StrCat(place.folder, "/", place.entry->name);
    if (!place.entry->is_symlink) return place;
    if (IsNull(TargetPath(place.folder, place.entry->target))) {
      fragment.state = LoadState::kMasked;
      fragment.error = absl::StrCat(fragment.name.text(), " is masked");
      return {};
    }
    const UnitName target = Target(fragment.name, place);
    if (target == fragment.name) return place;
    fragment.name = target;
  }
  fragment = Fragment(asked);
  fragment.state = LoadState::kError;
  fragment.error =
      absl::StrCat("the links of ", asked.text(), " lead in a circle, or over too many");
  return {};
}

Fragment UnitLookup::FindFragment(const UnitName& name) {
  Fragment fragment(name);
  Place place = Follow(fragment);
  if (!fragment.path.empty()) fragment.stamp = files_.StampOf(fragment.path);
  if (place.entry == nullptr) return fragment;
  auto text = files_.Read(fragment.path);
  if (!text.ok()) {
    fragment.state = LoadState::kError;
    fragment.error = absl::StrCat(fragment.path, ": ", std::string(text.status().message()));
    return fragment;
  }
  fragment.state = text->empty() ? LoadState::kMasked : LoadState::kLoaded;
  if (text->empty()) fragment.error = absl::StrCat(fragment.name.text(), " is masked");
  fragment.text = *std::move(text);
  return fragment;
}

bool UnitLookup::LeadsTo(const UnitName& alias, const UnitName& name) {
  if (alias == name || alias.type() != name.type()) return false;
  Fragment behind(alias);
  Follow(behind);
  return behind.name == name;
}

std::vector<UnitName> UnitLookup::AliasesOf(const UnitName& name) {
  std::set<UnitName> aliases;
  for (const std::string& folder : unit_paths_) {
    for (const UnitFiles::Entry* entry : List(folder).links) {
      auto alias = UnitName::Parse(entry->name);
      const bool is_general = alias.ok() && alias->is_template() && name.is_instance();
      // A link of templates names the instance as well.
      if (is_general) alias = alias->WithInstance(name.instance());
      if (alias.ok() && LeadsTo(*alias, name)) aliases.insert(*alias);
    }
  }
  return {aliases.begin(), aliases.end()};
}

std::vector<std::string> UnitLookup::FoldersOf(const UnitName& name,
                                               const std::vector<UnitName>& aliases,
                                               absl::string_view suffix) {
  std::vector<std::string> folders;
  std::vector<UnitName> names = {name};
  names.insert(names.end(), aliases.begin(), aliases.end());
  const auto add = [&](const std::string& path, absl::string_view stem) {
    folders.push_back(absl::StrCat(path, "/", stem, ".", suffix));
  };
  for (const UnitName& own : names) {
    for (const std::string& path : unit_paths_) {
      add(path, own.text());
      if (own.is_instance()) add(path, own.TemplateName().text());
      for (const std::string& prefix : DashPrefixes(own))
        add(path, prefix);
    }
  }
  for (const std::string& path : unit_paths_)
    add(path, name.suffix());
  return folders;
}

std::vector<std::string> UnitLookup::DropInsOf(const UnitName& name,
                                               const std::vector<UnitName>& aliases) {
  std::map<std::string, std::string> by_name;
  for (const std::string& folder : FoldersOf(name, aliases, "d")) {
    for (const UnitFiles::Entry& entry : List(folder).entries) {
      if (entry.is_directory || !absl::EndsWith(entry.name, ".conf")) continue;
      const bool is_off = entry.is_symlink && IsNull(TargetPath(folder, entry.target));
      by_name.try_emplace(entry.name, is_off ? "" : absl::StrCat(folder, "/", entry.name));
    }
  }
  std::vector<std::string> paths;
  for (const auto& [base, path] : by_name) {
    if (!path.empty() && paths.size() < kMostDropIns) paths.push_back(path);
  }
  return paths;
}

bool UnitLookup::IsOvertaken(const UnitName& name, const std::string& fragment_path) const {
  for (const UnitName& wanted : {name, name.TemplateName()}) {
    for (const std::string& folder : unit_paths_) {
      const std::string path = absl::StrCat(folder, "/", wanted.text());
      if (path == fragment_path) return false;
      if (!files_.StampOf(path).empty()) return true;
    }
  }
  return false;
}

std::vector<std::string> UnitLookup::LinkedFrom(const UnitName& name,
                                                const std::vector<UnitName>& aliases,
                                                absl::string_view kind) {
  std::map<std::string, bool> links;  // the first on the path says whether it counts
  for (const std::string& folder : FoldersOf(name, aliases, kind)) {
    for (const UnitFiles::Entry& entry : List(folder).entries) {
      if (!UnitName::Parse(entry.name).ok()) continue;
      const bool is_off = entry.is_symlink && IsNull(TargetPath(folder, entry.target));
      links.try_emplace(entry.name, !is_off);
    }
  }
  std::vector<std::string> names;
  for (const auto& [linked, counts] : links) {
    if (counts) names.push_back(linked);
  }
  return names;
}

std::vector<std::string> UnitLookup::NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const UnitFiles::Entry& entry : List(folder).entries) {
    if (!entry.is_directory) {
      names.push_back(entry.name);
    } else if (absl::EndsWith(entry.name, ".wants") || absl::EndsWith(entry.name, ".requires")) {
      for (const UnitFiles::Entry& link : List(absl::StrCat(folder, "/", entry.name)).entries)
        names.push_back(link.name);
    }
  }
  return names;
}

std::vector<UnitName> UnitLookup::AllNames(Problems& problems) {
  std::set<UnitName> names;
  for (const std::string& folder : unit_paths_) {
    const auto entries = files_.List(folder);
    if (!entries.ok() && entries.status().code() != absl::StatusCode::kNotFound) {
      Problem problem;
      problem.file = folder;
      problem.message = std::string(entries.status().message());
      problems.push_back(std::move(problem));
    }
    for (const std::string& text : NamesIn(folder)) {
      auto name = UnitName::Parse(text);
      if (name.ok() && name->type() != UnitType::kOther) names.insert(*std::move(name));
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace socketd
