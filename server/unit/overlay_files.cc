#include "server/unit/overlay_files.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

absl::StatusOr<std::string> OverlayFiles::Read(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return below_.Read(path);
  if (found->second) return *found->second;
  return Error(absl::StatusCode::kNotFound, "NO_SUCH_FILE", absl::StrCat("there is no ", path),
               {{"path", path}});
}

std::string OverlayFiles::StampOf(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return below_.StampOf(path);
  return found->second ? "to be written" : "";
}

absl::StatusOr<std::vector<UnitFiles::Entry>> OverlayFiles::List(const std::string& directory) {
  absl::StatusOr<std::vector<Entry>> entries = below_.List(directory);
  const std::string prefix = directory + "/";
  // Not down to the folders below: nothing is ever written there.
  for (auto at = files_.lower_bound(prefix); at != files_.end(); ++at) {
    if (at->first.compare(0, prefix.size(), prefix) != 0) break;
    Entry entry;
    entry.name = at->first.substr(prefix.size());
    if (!entries.ok() && !at->second) continue;
    // The folder is made with its first file.
    if (!entries.ok()) entries = std::vector<Entry>();
    const auto same = [&](const Entry& other) { return other.name == entry.name; };
    entries->erase(std::remove_if(entries->begin(), entries->end(), same), entries->end());
    if (at->second) entries->push_back(entry);
  }
  return entries;
}

}  // namespace socketd
