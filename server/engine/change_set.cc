#include "server/engine/change_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

absl::Status Active(const Unit& unit) {
  return Error(absl::StatusCode::kFailedPrecondition, "UNIT_ACTIVE",
               absl::StrCat(unit.name(), " is ", std::string(unit.sub_state()), ": stop it first"),
               {{"unit", unit.name()}});
}

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
  const absl::string_view folder = FolderOf(path);
  const bool own_file =
      path.size() > folder.size() && path.substr(folder.size() + 1) == name.text();
  const auto& paths = options_.unit_paths;
  const auto ours = std::find(paths.begin(), paths.end(), options_.create_path);
  const auto theirs = std::find(paths.begin(), paths.end(), folder);
  // An instance's own file counts before its template, wherever that is.
  if (!own_file || ours < theirs) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "UNIT_NOT_WRITABLE",
               absl::StrCat(name.text(), " comes from ", path, ", which counts before a file in ",
                            options_.create_path),
               {{"unit", name.text()}, {"path", path}});
}

absl::Status ChangeSet::Take(const UnitSource& source) {
  const absl::StatusOr<UnitName> name = UnitName::Parse(source.unit);
  if (!name.ok()) return name.status();
  if (name->type() == UnitType::kOther) {
    return Error(absl::StatusCode::kInvalidArgument, "UNIT_TYPE_UNSUPPORTED",
                 absl::StrCat("units of type ", std::string(name->suffix()), " cannot run here"),
                 {{"unit", source.unit}});
  }
  if (std::find(wanted_.begin(), wanted_.end(), *name) != wanted_.end()) {
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

void ChangeSet::AddMember(const UnitName& name) {
  const DefinitionPtr before = Present(name);
  members_.push_back({name, table_.Find(name.text()), before, table_.Preview(files_, name)});
}

absl::Status ChangeSet::CheckRemoval(const Member& member) const {
  const LoadedUnit& present = member.before->loaded;
  if (present.state == LoadState::kNotFound) return UnitNotFound(member.name.text());
  if (present.fragment_path != PathOf(member.name)) {
    return Error(absl::StatusCode::kFailedPrecondition, "UNIT_NOT_WRITABLE",
                 absl::StrCat(member.name.text(), " comes from ", present.fragment_path,
                              ", which is not removed from here"),
                 {{"unit", member.name.text()}, {"path", present.fragment_path}});
  }
  const Unit* const instance = table_.RunningInstance(member.name);
  if (instance != nullptr) return Active(*instance);
  const Unit* const unit = member.unit;
  return unit == nullptr || (unit->at_rest() && unit->job() == nullptr) ? absl::OkStatus()
                                                                        : Active(*unit);
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

absl::Status ChangeSet::Read(const ApplyRequest& request) {
  if (options_.create_path.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "NO_CREATE_PATH",
                 "the daemon has no folder for units made by callers");
  }
  for (const UnitSource& source : request.units) {
    if (absl::Status taken = Take(source); !taken.ok()) return taken;
  }
  if (wanted_.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "SOURCE_MISSING", "no unit is given",
                 {{"field", "units"}});
  }
  size_t created = 0;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    AddMember(wanted_[i]);
    const Member& member = members_.back();
    if (member.unit == nullptr) ++created;
    const bool remove = request.units[i].remove;
    absl::Status checked = remove ? CheckRemoval(member) : CheckMember(member);
    if (!checked.ok()) return checked;
    for (const Unit* instance : table_.InstancesOf(wanted_[i])) {
      const UnitName& name = instance->unit_name();
      if (std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end()) continue;
      AddMember(name);
      checked = remove ? absl::OkStatus() : CheckMember(members_.back());
      if (!checked.ok()) return checked;
    }
  }
  return table_.HasRoomFor(created) ? absl::OkStatus() : table_.TooManyUnits();
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
