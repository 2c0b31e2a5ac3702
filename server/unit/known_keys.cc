#include "server/unit/known_keys.h"

#include <algorithm>

#include "absl/types/span.h"

namespace socketd {
namespace {

#include "server/unit/known_keys.inc"

using Keys = absl::Span<const absl::string_view>;

// The lists whose keys may stand in a section: those of what it runs stand in its own.
std::vector<Keys> ListsOf(absl::string_view section) {
  if (section == "Unit") return {kUnit};
  if (section == "Install") return {kInstall};
  if (section == "Service") return {kService, kExec, kKill, kControlGroup};
  if (section == "Socket") return {kExec, kKill, kControlGroup};
  return {};
}

}  // namespace

bool IsUnenforcedKey(absl::string_view section, absl::string_view key) {
  for (Keys keys : ListsOf(section)) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return true;
  }
  return false;
}

std::vector<absl::string_view> UnenforcedKeys(absl::string_view section) {
  std::vector<absl::string_view> all;
  for (Keys keys : ListsOf(section))
    all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

}  // namespace socketd
