// Reading all unit files anew (daemon-reload), and who is told of what came of it.
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/engine/engine_core.h"

namespace socketd {
namespace {

// What a unit's files said.
struct Reading {
  LoadState state = LoadState::kNotFound;
  uint64_t source_hash = 0;
  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading ReadingOf(const Unit& unit) {
  const LoadedUnit& loaded = unit.definition()->loaded;
  return {loaded.state, loaded.source_hash};
}

bool IsGone(const Unit& unit) {
  return unit.definition()->loaded.state == LoadState::kNotFound && unit.at_rest() &&
         unit.active_state() != ActiveState::kFailed && unit.job() == nullptr;
}

}  // namespace

LoadReport EngineCore::LoadAll(const Cause* cause) {
  absl::flat_hash_map<std::string, Reading> before;
  for (const Unit* unit : table_.All()) {
    if (!unit->marks.instance && Visible(*unit)) before[unit->name()] = ReadingOf(*unit);
  }
  const LoadReport report = table_.ReloadAll();
  for (Unit* unit : table_.All()) {
    if (unit->marks.instance) continue;
    const auto known = before.find(unit->name());
    const bool is_new = known == before.end();
    const bool told = cause != nullptr;
    if (IsGone(*unit)) {
      if (told && !is_new) Announce(*unit, News::kDeleted, *cause);
      Abandon(*unit);
    } else if (told && is_new && Visible(*unit)) {
      Announce(*unit, News::kCreated, *cause);
    } else if (told && !is_new && ReadingOf(*unit) != known->second) {
      Announce(*unit, News::kChanged, *cause);
    }
  }
  Log(Level::kInfo, "units.loaded",
      {{"units", absl::StrCat(report.loaded)}, {"problems", absl::StrCat(report.problems.size())}});
  return report;
}

}  // namespace socketd
