// Finds the files of a unit on the search path: the main file behind its links, drop-ins, and the
// folders of links that add dependencies; systemd.unit(5), "Unit File Load Path". Lists each folder
// once and forgets all with the object, so it lives for one Load only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

#include "server/unit/problem.h"
#include "server/unit/unit_loader.h"
#include "server/unit/unit_name.h"
#include "server/unit/unit_state.h"

namespace socketd {

// The main file of a unit, or why there is none.
struct Fragment {
  explicit Fragment(UnitName unit_name) : name(std::move(unit_name)) {}

  UnitName name;  // behind all aliases
  LoadState state = LoadState::kNotFound;
  std::string path;
  std::string stamp;  // when it was read
  std::string text;
  std::string error;
};

class UnitLookup {
 public:
  // Both outlive the lookup.
  UnitLookup(UnitFiles& files, const std::vector<std::string>& unit_paths)
      : files_(files), unit_paths_(unit_paths) {}

  // Follows at most 16 links; more, or a circle, is LoadState::kError.
  Fragment FindFragment(const UnitName& name);

  // The names that links on the search path give the unit, sorted.
  std::vector<UnitName> AliasesOf(const UnitName& name);

  // Files of NAME.d, TEMPLATE.d, PREFIX-.d and TYPE.d, in the order in which they are read: by file
  // name; of those with one file name, only the first on the path counts, and before that the one
  // whose folder has the longer name.
  std::vector<std::string> DropInsOf(const UnitName& name, const std::vector<UnitName>& aliases);

  // Whether a place that is asked before `fragment_path` has a file for the unit by now.
  bool IsOvertaken(const UnitName& name, const std::string& fragment_path) const;

  // The units that NAME.wants (or .requires) folders link to, sorted.
  std::vector<std::string> LinkedFrom(const UnitName& name,
                                      const std::vector<UnitName>& aliases,
                                      absl::string_view kind);

  // Everything that runs here, by files, links and folders of links, sorted.
  std::vector<UnitName> AllNames(Problems& problems);

 private:
  using Entries = std::vector<UnitFiles::Entry>;

  struct Place {
    std::string folder;
    const UnitFiles::Entry* entry = nullptr;
  };

  // A folder as it was when it was first looked at: sorted by name, and which entries are links.
  struct Listing {
    Entries entries;
    std::vector<const UnitFiles::Entry*> links;
    const UnitFiles::Entry* Find(absl::string_view name) const;
  };

  const Listing& List(const std::string& folder);
  // The first entry of that name, or else of its template.
  Place Locate(const UnitName& name);
  bool IsOnPath(const std::string& folder) const;
  // The unit that a link means: its own name for a link to a file elsewhere.
  UnitName Target(const UnitName& name, const Place& place) const;
  // Follows links from `fragment.name` to the entry that counts; none if a state was set.
  Place Follow(Fragment& fragment);
  // True if links lead from one name to the other.
  bool LeadsTo(const UnitName& alias, const UnitName& name);
  // The names of what lies in a folder and in its folders of links.
  std::vector<std::string> NamesIn(const std::string& folder);
  // Folders whose files add to the unit, most telling first.
  std::vector<std::string> FoldersOf(const UnitName& name,
                                     const std::vector<UnitName>& aliases,
                                     absl::string_view suffix);

  UnitFiles& files_;
  const std::vector<std::string>& unit_paths_;
  absl::flat_hash_map<std::string, std::unique_ptr<const Listing>> listed_;
};

}  // namespace socketd
