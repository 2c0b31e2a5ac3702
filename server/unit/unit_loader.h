// From files to definitions: search path, drop-ins, templates and instances, symlink aliases,
// .wants and .requires folders, masked units. Reads through UnitFiles and never asks the system
// itself. Holds no units: each Load is fresh.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/unit/problem.h"
#include "server/unit/specifiers.h"
#include "server/unit/unit_name.h"
#include "server/unit/unit_state.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

// The files, as the loader needs them. Statuses as in Kernel::ReadFile and ListDirectory.
class UnitFiles {
 public:
  struct Entry {
    std::string name;
    bool is_directory = false;
    bool is_symlink = false;
    std::string target;  // of a symlink, as written
  };
  virtual ~UnitFiles() = default;
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  // Differs when the file at `path` was changed or replaced; empty if there is none.
  virtual std::string StampOf(const std::string& path) = 0;
  virtual absl::StatusOr<std::vector<Entry>> List(const std::string& directory) = 0;
};

struct LoadedUnit {
  explicit LoadedUnit(UnitName unit_name) : name(std::move(unit_name)) {}

  UnitName name;                  // the main name; an alias asked for is among `aliases`
  std::vector<UnitName> aliases;  // sorted
  LoadState state = LoadState::kNotFound;
  std::string error;  // why not loaded, complete in itself
  // As written, main file and drop-ins together; null unless loaded or bad-setting.
  std::shared_ptr<const v1::UnitDefinition> written;
  // The same with specifiers expanded, and the links of .wants and .requires folders added to
  // Wants= and Requires=; null unless loaded.
  std::shared_ptr<const v1::UnitDefinition> effective;
  Problems problems;  // fatal and not
  std::string fragment_path;
  std::vector<std::string> drop_in_paths;
  // The units that .wants and .requires folders link to.
  std::vector<std::string> linked_wants, linked_requires;
  // Of the fragment and the drop-ins, in this order, when they were read.
  std::vector<std::string> stamps;
  // Of all the files' contents; differs when one of them changed.
  uint64_t source_hash = 0;
};

class UnitLookup;

class UnitLoader {
 public:
  // `files` outlives the loader. Earlier folders win.
  UnitLoader(UnitFiles& files, std::vector<std::string> unit_paths, Surroundings surroundings);

  // Never fails as a call: what is wrong is in the result.
  LoadedUnit Load(const UnitName& name) const;

  // Lists each folder once for all the loads in `loads`.
  void WithOneLook(const std::function<void()>& loads) const;

  // The same for another instance of the template that `sibling` is of, without reading again.
  LoadedUnit LoadLike(const LoadedUnit& sibling, const UnitName& name) const;

  // Whether Load might find something else by now: a file was changed, or one came or went. A few
  // questions about files, none is read. False for a unit that has no file.
  bool SourceChanged(const LoadedUnit& unit) const;

  // Of the files of a loaded unit, as they are now.
  std::vector<std::string> StampsOf(const LoadedUnit& unit) const;

  // Every unit that a file, a link or an instance link in the search path names, templates
  // included, sorted. Folders that cannot be read become problems.
  std::vector<UnitName> ListNames(Problems& problems) const;

 private:
  UnitFiles& files_;
  std::vector<std::string> unit_paths_;
  Surroundings surroundings_;
  mutable UnitLookup* look_ = nullptr;  // that all loads share now
};

}  // namespace socketd
