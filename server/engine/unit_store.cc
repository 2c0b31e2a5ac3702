// Units made by callers: their files are kept in one folder of the search path and read back from
// there, so that what runs is what stands on the disk.
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/engine/engine_core.h"
#include "server/engine/refusals.h"
#include "server/unit/schema.h"

namespace socketd {
namespace {

absl::Status CheckEtag(const UnitSource& source, const Unit& unit) {
  const std::string& now = unit.definition()->etag;
  if (source.etag.empty() || source.etag == now) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               absl::StrCat(unit.name(), " has been changed meanwhile"),
               {{"unit", unit.name()}, {"etag", now}});
}

}  // namespace

absl::StatusOr<UnitSnapshotPtr> EngineCore::Store(const UnitSource& source, const UnitName& name) {
  if (source.validate_only) {
    auto snapshot = std::make_shared<UnitSnapshot>();
    auto definition = std::make_shared<v1::UnitDefinition>();
    Problems problems;
    ReadUnitFile(name, {name.text(), source.text}, *definition, problems);
    snapshot->name = name.text();
    snapshot->definition = std::move(definition);
    snapshot->load_state = LoadState::kLoaded;
    snapshot->sub_state = "dead";
    for (const Problem& problem : problems)
      snapshot->warnings.push_back(ToText(problem));
    return snapshot;
  }
  const std::string path = absl::StrCat(options_.create_path, "/", name.text());
  absl::Status written = loop_.kernel().WriteFile(path, source.text);
  if (!written.ok()) return WithFacts(written, {{"path", path}});
  Unit* const unit = table_.Reload(name);
  if (unit != nullptr) return unit->Snapshot();
  loop_.kernel().Remove(path, 0).IgnoreError();
  return table_.TooManyUnits();
}

absl::StatusOr<UnitSnapshotPtr> EngineCore::Create(const UnitSource& source) {
  const absl::StatusOr<UnitName> name = UnitName::Parse(source.unit);
  if (!name.ok()) return name.status();
  if (options_.create_path.empty()) return WithFacts(NoCreatePath(), {{"unit", source.unit}});
  if (name->type() == UnitType::kOther) return TypeUnsupported(*name);
  const LoadedUnit present = table_.loader().Load(*name);
  if (present.state != LoadState::kNotFound) {
    return Error(absl::StatusCode::kAlreadyExists, "UNIT_EXISTS",
                 absl::StrCat(source.unit, " exists already: ", present.fragment_path),
                 {{"unit", source.unit}, {"path", present.fragment_path}});
  }
  absl::StatusOr<UnitSnapshotPtr> stored = Store(source, *name);
  if (!stored.ok() || source.validate_only) return stored;
  Unit& unit = *Find(name->text());
  Announce(unit, News::kCreated, {Cause::Kind::kRequest, "", source.requester});
  return unit.Snapshot();
}

absl::StatusOr<UnitSnapshotPtr> EngineCore::Update(const UnitSource& source) {
  const absl::StatusOr<UnitName> name = UnitName::Parse(source.unit);
  if (!name.ok()) return name.status();
  Unit* const unit = table_.Load(name->text());
  if (unit == nullptr || unit->definition()->loaded.state == LoadState::kNotFound) {
    return UnitNotFound(source.unit);
  }
  if (absl::Status fits = CheckEtag(source, *unit); !fits.ok()) return fits;
  const std::string& path = unit->definition()->loaded.fragment_path;
  if (options_.create_path.empty() || path != absl::StrCat(options_.create_path, "/", unit->name()))
    return NotWritable(unit->unit_name(), path, "is not changed from here");
  absl::StatusOr<UnitSnapshotPtr> stored = Store(source, unit->unit_name());
  if (stored.ok() && !source.validate_only)
    Announce(*unit, News::kChanged, {Cause::Kind::kRequest, "", source.requester});
  return stored;
}

absl::StatusOr<int64_t> EngineCore::Delete(const UnitSource& source) {
  Unit* const unit = Find(source.unit);
  if (unit == nullptr || unit->definition()->loaded.state == LoadState::kNotFound) {
    return UnitNotFound(source.unit);
  }
  if (absl::Status fits = CheckEtag(source, *unit); !fits.ok()) return fits;
  const std::string path = unit->definition()->loaded.fragment_path;
  const bool ours = !options_.create_path.empty() &&
                    path == absl::StrCat(options_.create_path, "/", unit->name());
  if (!ours) return NotWritable(unit->unit_name(), path, "is not removed from here");
  const Unit* const instance = table_.RunningInstance(unit->unit_name());
  if (const Unit& busy = instance != nullptr ? *instance : *unit;
      !busy.at_rest() || busy.job() != nullptr)
    return StillActive(busy);
  if (source.validate_only) return history_.last_revision();
  absl::Status removed = loop_.kernel().Remove(path, 0);
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  table_.Reload(unit->unit_name());
  // A folder further down the path may have another file for it.
  const bool gone = unit->definition()->loaded.state == LoadState::kNotFound;
  const Cause cause{Cause::Kind::kRequest, "", source.requester};
  const int64_t revision = Announce(*unit, gone ? News::kDeleted : News::kChanged, cause);
  if (gone) Abandon(*unit);
  return revision;
}

}  // namespace socketd
