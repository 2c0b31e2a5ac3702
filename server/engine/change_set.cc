#include "server/engine/change_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "server/engine/refusals.h"

namespace socketd {
namespace {

absl::Status Stale(absl::string_view what, const std::string& unit, int64_t revision) {
  return Error(absl::StatusCode::kAborted, "PLAN_STALE",
               absl::StrCat(unit, " ", what, ": make a new plan"),
               {{"unit", unit}, {"revision", absl::StrCat(revision)}});
}

}  // namespace

std::string ChangeSet::PathOf(const UnitName& name) const {
  return absl::StrCat(options_.create_path, "/", name.text());
}

DefinitionPtr ChangeSet::Present(const UnitName& name) const {
  const Unit* const held = table_.Find(name.text());
  return held != nullptr ? held->definition() : table_.Preview(*options_.files, name);
}

// As `systemctl edit --full`: a copy in a folder that is searched earlier takes the place of a file
// that is not ours.
absl::Status ChangeSet::CheckPlace(const UnitName& name, const LoadedUnit& present) const {
  const std::string& path = present.fragment_path;
  if (present.state == LoadState::kNotFound || path == PathOf(name)) return absl::OkStatus();
  // An instance's own file counts before its template, wherever that is.
  absl::string_view folder = path;
  if (!absl::ConsumeSuffix(&folder, absl::StrCat("/", name.text()))) return absl::OkStatus();
  const auto& paths = options_.unit_paths;
  const auto ours = std::find(paths.begin(), paths.end(), options_.create_path);
  const auto theirs = std::find(paths.begin(), paths.end(), folder);
  if (ours < theirs) return absl::OkStatus();
  return NotWritable(name, path, absl::StrCat("counts before a file in ", options_.create_path));
}

absl::Status ChangeSet::Take(const UnitSource& source) {
  const absl::StatusOr<UnitName> name = UnitName::Parse(source.unit);
  if (!name.ok()) return name.status();
  if (name->type() == UnitType::kOther) return TypeUnsupported(*name);
  if (Asked(*name)) {
    return Error(absl::StatusCode::kInvalidArgument, "UNIT_REPEATED",
                 absl::StrCat(source.unit, " is given twice"), {{"unit", source.unit}});
  }
  const DefinitionPtr present = Present(*name);
  const LoadedUnit& loaded = present->loaded;
  if (loaded.name != *name) {
    return Error(absl::StatusCode::kInvalidArgument, "UNIT_IS_ALIAS",
                 absl::StrCat(source.unit, " is another name of ", loaded.name.text()),
                 {{"unit", source.unit}, {"name", loaded.name.text()}});
  }
  if (loaded.state == LoadState::kMasked) {
    return Error(absl::StatusCode::kFailedPrecondition, "UNIT_MASKED",
                 absl::StrCat(source.unit, " is masked by ", loaded.fragment_path),
                 {{"unit", source.unit}, {"path", loaded.fragment_path}});
  }
  if (absl::Status place = CheckPlace(*name, loaded); !place.ok()) return place;
  if (source.remove) {
    files_.Remove(PathOf(*name));
  } else {
    files_.Write(PathOf(*name), source.text);
  }
  wanted_.push_back(*name);
  return absl::OkStatus();
}

bool ChangeSet::Asked(const UnitName& name) const {
  return std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end();
}

void ChangeSet::AddMember(const UnitName& name) {
  const DefinitionPtr before = Present(name);
  members_.push_back({name, table_.Find(name.text()), before, table_.Preview(files_, name)});
}

absl::Status ChangeSet::CheckRemoval(const Member& member) const {
  const LoadedUnit& present = member.before->loaded;
  if (present.state == LoadState::kNotFound) return UnitNotFound(member.name.text());
  if (present.fragment_path != PathOf(member.name))
    return NotWritable(member.name, present.fragment_path, "is not removed from here");
  const Unit* const instance = table_.RunningInstance(member.name);
  if (instance != nullptr) return StillActive(*instance);
  const Unit* const unit = member.unit;
  return unit == nullptr || (unit->at_rest() && unit->job() == nullptr) ? absl::OkStatus()
                                                                        : StillActive(*unit);
}

absl::Status ChangeSet::CheckMember(const Member& member) const {
  if (member.after->loaded.state != LoadState::kLoaded) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_UNIT",
                 absl::StrCat(member.name.text(), ": ", member.after->loaded.error),
                 {{"unit", member.name.text()}});
  }
  // Half open ports belong to what the unit was when it began.
  const bool rises = member.unit != nullptr && member.unit->type() == UnitType::kSocket &&
                     member.unit->active_state() == ActiveState::kActivating;
  return rises ? TryAgain(*member.unit) : absl::OkStatus();
}

absl::Status ChangeSet::AddMembers(const UnitName& name, bool remove) {
  AddMember(name);
  absl::Status checked = remove ? CheckRemoval(members_.back()) : CheckMember(members_.back());
  for (const Unit* instance : table_.InstancesOf(name)) {
    if (!checked.ok()) return checked;
    if (Asked(instance->unit_name())) continue;
    AddMember(instance->unit_name());
    if (!remove) checked = CheckMember(members_.back());
  }
  return checked;
}

absl::Status ChangeSet::Read(const ApplyRequest& request) {
  if (options_.create_path.empty()) return NoCreatePath();
  for (const UnitSource& source : request.units) {
    if (absl::Status taken = Take(source); !taken.ok()) return taken;
  }
  if (wanted_.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "SOURCE_MISSING", "no unit is given",
                 {{"field", "units"}});
  }
  for (size_t i = 0; i < wanted_.size(); ++i) {
    absl::Status added = AddMembers(wanted_[i], request.units[i].remove);
    if (!added.ok()) return added;
  }
  const auto created = std::count_if(members_.begin(), members_.end(),
                                     [](const Member& member) { return member.unit == nullptr; });
  return table_.HasRoomFor(static_cast<size_t>(created)) ? absl::OkStatus() : table_.TooManyUnits();
}

bool ChangeSet::Has(absl::string_view unit) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Member& member) { return member.name.text() == unit; });
}

absl::Status ChangeSet::CheckRevision(int64_t revision, const History& history) const {
  constexpr size_t kAtOnce = 1024;
  if (revision > history.last_revision())
    return Stale("was planned in another life of the daemon", wanted_.front().text(), revision);
  for (int64_t from = revision + 1; from <= history.last_revision();) {
    std::vector<Change> changes;
    if (!history.Read(from, kAtOnce, changes))
      return Stale("may have changed since", wanted_.front().text(), revision);
    for (const Change& change : changes) {
      if (Has(change.unit)) return Stale("has changed since", change.unit, change.revision);
    }
    from += static_cast<int64_t>(changes.size());
  }
  for (const Member& member : members_) {
    if (member.unit != nullptr && table_.loader().SourceChanged(member.before->loaded))
      return Stale("has another file by now", member.name.text(), revision);
  }
  return absl::OkStatus();
}

PlanSubject ChangeSet::SubjectOf(const Member& member) {
  PlanSubject subject;
  subject.definition = member.before.get();
  if (member.unit == nullptr) return subject;
  if (member.unit->type() == UnitType::kSocket)
    subject.ports = static_cast<const SocketUnit*>(member.unit)->open_settings();
  subject.runs = member.unit->type() == UnitType::kService && member.unit->is_up();
  return subject;
}

void ChangeSet::AddRestarts(const Member& member,
                            const UnitChange& change,
                            ChangePlan& plan) const {
  const auto add = [&plan](const Unit& service) {
    const auto found = std::find(plan.restarts.begin(), plan.restarts.end(), service.name());
    if (found == plan.restarts.end() && service.is_up()) plan.restarts.push_back(service.name());
  };
  if (NeedsRestart(SubjectOf(member), *member.after)) add(*member.unit);
  const bool same_ports = std::all_of(change.listeners.begin(), change.listeners.end(),
                                      [](const ListenerChange& listener) {
                                        return listener.action == ListenerChange::Action::kKeep;
                                      });
  if (same_ports) return;
  for (const Unit* service : member.unit->links().of(LinkKind::kTriggers))
    add(*service);
}

ChangePlan ChangeSet::Plan() const {
  ChangePlan plan;
  for (const Member& member : members_) {
    plan.units.push_back(PlanUnit(SubjectOf(member), *member.after));
    AddRestarts(member, plan.units.back(), plan);
  }
  return plan;
}

}  // namespace socketd
