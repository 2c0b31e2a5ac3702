// Reading all unit files anew (daemon-reload), and who is told of what came of it.
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/engine/engine_core.h"
#include "server/engine/port_change.h"

namespace socketd {

// What a unit's files said.
struct Reading {
  LoadState state = LoadState::kNotFound;
  uint64_t source_hash = 0;
  friend bool operator==(const Reading&, const Reading&) = default;
};

namespace {

Reading ReadingOf(const Unit& unit) {
  const LoadedUnit& loaded = unit.definition()->loaded;
  return {loaded.state, loaded.source_hash};
}

bool IsGone(const Unit& unit) {
  return unit.definition()->loaded.state == LoadState::kNotFound && unit.at_rest() &&
         unit.active_state() != ActiveState::kFailed && unit.job() == nullptr;
}

}  // namespace

void EngineCore::AnnounceReload(Unit& unit, const Reading* before, const Cause& cause) {
  if (before != nullptr && IsGone(unit)) {
    Announce(unit, News::kDeleted, cause);
  } else if (before != nullptr && ReadingOf(unit) != *before) {
    Announce(unit, News::kChanged, cause);
  } else if (before == nullptr && !IsGone(unit) && Visible(unit)) {
    Announce(unit, News::kCreated, cause);
  }
}

// A unit that listens is never without the ports that its file names, if they can be had.
void EngineCore::ChangeInPlace(SocketUnit& socket, LoadReport& report) {
  const SocketSettings* const open = socket.open_settings();
  const auto& wanted = socket.definition()->socket;
  if (open == nullptr || wanted == nullptr || open == wanted.get()) return;
  if (!RunKeys(*open, *wanted).empty()) return;  // the unit's warnings say so
  const absl::Status prepared = socket.PrepareChange(wanted);
  if (prepared.ok()) return socket.CommitChange();
  report.problems.push_back(
      absl::StrCat(socket.name(), ": its ports stay as they are: ", prepared.message()));
}

LoadReport EngineCore::LoadAll(const Cause* cause) {
  absl::flat_hash_map<std::string, Reading> before;
  for (const Unit* unit : table_.All()) {
    if (!unit->marks.instance && Visible(*unit)) before[unit->name()] = ReadingOf(*unit);
  }
  LoadReport report = table_.ReloadAll();
  for (Unit* unit : table_.All()) {
    if (unit->marks.instance) continue;
    if (unit->type() == UnitType::kSocket) ChangeInPlace(static_cast<SocketUnit&>(*unit), report);
    const auto known = before.find(unit->name());
    const Reading* const old = known == before.end() ? nullptr : &known->second;
    if (cause != nullptr) AnnounceReload(*unit, old, *cause);
    if (IsGone(*unit)) Abandon(*unit);
  }
  Log(Level::kInfo, "units.loaded",
      {{"units", absl::StrCat(report.loaded)}, {"problems", absl::StrCat(report.problems.size())}});
  if (cause == nullptr) Publish();  // who comes as soon as we are ready finds them
  return report;
}

}  // namespace socketd
