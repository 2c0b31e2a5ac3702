#include "server/engine/unit_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/engine/target_unit.h"

namespace socketd {
namespace {

bool IsInstanceOf(const Unit& unit, const UnitName& name) {
  return unit.unit_name().is_instance() && unit.unit_name().TemplateName() == name;
}

}  // namespace

UnitTable::UnitTable(UnitHost& host, const EngineOptions& options)
    : host_(host),
      options_(options),
      loader_(*options.files, options.unit_paths, options.surroundings),
      around_{&options.surroundings, options.environment} {}

UnitTable::~UnitTable() {
  // Instances point to their sockets.
  for (auto& [name, unit] : units_) {
    if (unit->marks.instance) static_cast<ServiceUnit&>(*unit).ForgetOrigin();
  }
}

Unit* UnitTable::Find(absl::string_view name) const {
  if (const auto found = units_.find(name); found != units_.end()) return found->second.get();
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? nullptr : alias->second;
}

std::vector<Unit*> UnitTable::All() const {
  std::vector<Unit*> all;
  for (const auto& [name, unit] : units_)
    all.push_back(unit.get());
  std::sort(all.begin(), all.end(),
            [](const Unit* left, const Unit* right) { return left->name() < right->name(); });
  return all;
}

std::unique_ptr<Unit> UnitTable::Make(const UnitName& name, DefinitionPtr definition) {
  switch (name.type()) {
    case UnitType::kSocket:
      return std::make_unique<SocketUnit>(host_, name, std::move(definition));
    case UnitType::kService:
      return std::make_unique<ServiceUnit>(host_, name, std::move(definition));
    case UnitType::kTarget:
    case UnitType::kOther:
      break;
  }
  return std::make_unique<TargetUnit>(host_, name, std::move(definition));
}

absl::Status UnitTable::TooManyUnits() const {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_UNITS",
               absl::StrCat("there are ", options_.unit_limit, " units already"));
}

bool UnitTable::HasRoomFor(size_t more) const {
  return units_.size() + more <= options_.unit_limit;
}

// ---- loading ----

// Nothing can refer to a template: only its instances can be meant.
Unit* UnitTable::Add(const UnitName& name) {
  return name.is_template() ? nullptr : Hold(name);
}

Unit* UnitTable::Hold(const UnitName& name) {
  if (Unit* held = Find(name.text())) return held;
  if (units_.size() >= options_.unit_limit) return nullptr;
  DefinitionPtr definition = MakeDefinition(loader_.Load(name), around_);
  const UnitName main = definition->loaded.name;
  if (Unit* held = Find(main.text())) {  // `name` is an alias of it
    aliases_[name.text()] = held;
    return held;
  }
  return &Insert(main, std::move(definition));
}

Unit& UnitTable::Insert(const UnitName& name, DefinitionPtr definition) {
  std::unique_ptr<Unit>& unit = units_[name.text()];
  unit = Make(name, std::move(definition));
  host_.OnChanged(*unit);
  AddAliases(*unit);
  to_link_.push_back(unit.get());
  return *unit;
}

void UnitTable::AddAliases(Unit& unit) {
  for (const UnitName& alias : unit.definition()->loaded.aliases) {
    if (units_.find(alias.text()) == units_.end()) aliases_[alias.text()] = &unit;
  }
}

void UnitTable::ForgetAliases(const Unit& unit) {
  for (auto at = aliases_.begin(); at != aliases_.end();) {
    if (at->second == &unit) {
      aliases_.erase(at++);
    } else {
      ++at;
    }
  }
}

Unit* UnitTable::Load(absl::string_view name) {
  if (Unit* held = Find(name)) return held;
  const absl::StatusOr<UnitName> parsed = UnitName::Parse(name);
  if (!parsed.ok()) return nullptr;
  Unit* const unit = Hold(*parsed);
  LinkPending();
  return unit;
}

// Linking loads what is referred to, which has to be linked in turn: a list, not a recursion.
void UnitTable::LinkPending() {
  if (std::exchange(linking_, true)) return;
  while (!to_link_.empty()) {
    Unit* const unit = to_link_.back();
    to_link_.pop_back();
    LinkUnit(*unit);
  }
  linking_ = false;
}

void UnitTable::TieAll(Unit& unit,
                       LinkKind kind,
                       const google::protobuf::RepeatedPtrField<std::string>& names) {
  for (const std::string& text : names) {
    const absl::StatusOr<UnitName> name = UnitName::Parse(text);
    if (!name.ok()) continue;
    if (Unit* other = Add(*name)) Links::Tie(unit, kind, *other);
  }
}

void UnitTable::LinkUnit(Unit& unit) {
  if (!unit.loaded() || unit.unit_name().is_template()) return;
  const v1::UnitDefinition& definition = *unit.definition()->loaded.effective;
  const v1::UnitSpec& spec = definition.unit();
  TieAll(unit, LinkKind::kBefore, spec.before());
  TieAll(unit, LinkKind::kAfter, spec.after());
  TieAll(unit, LinkKind::kRequires, spec.requires_units());
  TieAll(unit, LinkKind::kWants, spec.wants());
  TieAll(unit, LinkKind::kRequisite, spec.requisite());
  TieAll(unit, LinkKind::kBindsTo, spec.binds_to());
  TieAll(unit, LinkKind::kPartOf, spec.part_of());
  TieAll(unit, LinkKind::kConflicts, spec.conflicts());
  TieAll(unit, LinkKind::kOnFailure, spec.on_failure());
  if (unit.type() == UnitType::kSocket) {
    auto& socket = static_cast<SocketUnit&>(unit);
    Unit* const service = socket.accepts() ? nullptr : Add(socket.service_name());
    if (service != nullptr) {
      Links::Tie(unit, LinkKind::kTriggers, *service);
      Links::Tie(unit, LinkKind::kBefore, *service);
    }
  }
  if (definition.service().sockets_size() > 0) {
    TieAll(unit, LinkKind::kWants, definition.service().sockets());
    TieAll(unit, LinkKind::kAfter, definition.service().sockets());
  }
  if (!unit.marks.instance) LinkDefaults(unit);
}

void UnitTable::LinkDefaults(Unit& unit) {
  const v1::UnitSpec& spec = unit.definition()->loaded.effective->unit();
  if (spec.has_default_dependencies() && !spec.default_dependencies()) return;
  const auto tie = [&](absl::string_view name, std::initializer_list<LinkKind> kinds) {
    Unit* const other = Add(*UnitName::Parse(name));
    if (other == nullptr) return;
    for (LinkKind kind : kinds)
      Links::Tie(unit, kind, *other);
  };
  if (unit.name() == "shutdown.target") return;
  tie("shutdown.target", {LinkKind::kBefore, LinkKind::kConflicts});
  if (unit.type() == UnitType::kSocket) tie("sockets.target", {LinkKind::kBefore});
  if (unit.type() != UnitType::kTarget) return;
  // A target comes after what it pulls in, unless it was said otherwise.
  for (LinkKind kind : {LinkKind::kWants, LinkKind::kRequires}) {
    const auto pulled = unit.links().of(kind);
    for (Unit* other : std::vector<Unit*>(pulled.begin(), pulled.end())) {
      if (!unit.links().Has(LinkKind::kBefore, *other)) Links::Tie(unit, LinkKind::kAfter, *other);
    }
  }
}

Unit* UnitTable::Reload(const UnitName& name) {
  templates_.clear();
  Unit* const unit = Find(name.text());
  std::vector<Unit*> meant = InstancesOf(name);
  if (unit != nullptr) meant.insert(meant.begin(), unit);
  for (Unit* each : meant) {
    ForgetAliases(*each);
    Renew(*each, MakeDefinition(loader_.Load(each->unit_name()), around_));
  }
  return unit != nullptr ? unit : Load(name.text());
}

// Its aliases are forgotten already.
void UnitTable::Renew(Unit& unit, DefinitionPtr definition) {
  unit.Redefine(std::move(definition));
  AddAliases(unit);
  // What runs keeps its links while its file is broken or gone.
  if (unit.loaded() || unit.at_rest()) Relink(unit);
}

DefinitionPtr UnitTable::Preview(UnitFiles& files, const UnitName& name) const {
  const UnitLoader loader(files, options_.unit_paths, options_.surroundings);
  return MakeDefinition(loader.Load(name), around_);
}

Unit& UnitTable::Adopt(const DefinitionPtr& read) {
  templates_.clear();
  auto definition = std::make_shared<Definition>(*read);
  definition->loaded.stamps = loader_.StampsOf(definition->loaded);
  Unit* const held = Find(definition->loaded.name.text());
  if (held != nullptr) {
    ForgetAliases(*held);
    Renew(*held, std::move(definition));
    return *held;
  }
  Unit& unit = Insert(definition->loaded.name, definition);
  LinkPending();
  return unit;
}

std::vector<ServiceUnit*> UnitTable::ConnectionsOf(const SocketUnit& socket) const {
  std::vector<ServiceUnit*> instances;
  if (socket.connections() == 0) return instances;
  for (const auto& [name, unit] : units_) {
    if (!unit->marks.instance) continue;
    auto* const instance = static_cast<ServiceUnit*>(unit.get());
    if (instance->origin() == &socket) instances.push_back(instance);
  }
  std::sort(instances.begin(), instances.end(),
            [](const auto* left, const auto* right) { return left->name() < right->name(); });
  return instances;
}

std::vector<Unit*> UnitTable::InstancesOf(const UnitName& name) const {
  std::vector<Unit*> instances;
  if (!name.is_template()) return instances;
  for (Unit* unit : All()) {
    if (IsInstanceOf(*unit, name) && !unit->marks.instance) instances.push_back(unit);
  }
  return instances;
}

const Unit* UnitTable::RunningInstance(const UnitName& name) const {
  if (!name.is_template()) return nullptr;
  for (const auto& [text, unit] : units_) {
    if (IsInstanceOf(*unit, name) && !unit->at_rest()) return unit.get();
  }
  return nullptr;
}

void UnitTable::Relink(Unit& unit) {
  Links::CutOwn(unit);
  to_link_.push_back(&unit);
  LinkPending();
}

void UnitTable::ReadAll(Problems& problems) {
  const std::vector<UnitName> names = loader_.ListNames(problems);
  for (Unit* unit : All()) {
    if (unit->marks.instance) continue;
    Renew(*unit, MakeDefinition(loader_.Load(unit->unit_name()), around_));
  }
  for (const UnitName& name : names)
    Load(name.text());
}

LoadReport UnitTable::ReloadAll() {
  LoadReport report;
  templates_.clear();
  aliases_.clear();  // all are read again, and none may lead where its link led before
  Problems problems;
  loader_.WithOneLook([this, &problems] { ReadAll(problems); });
  for (const Problem& problem : problems)
    report.problems.push_back(ToText(problem));
  for (const Unit* unit : All()) {
    if (unit->loaded()) ++report.loaded;
    const LoadedUnit& loaded = unit->definition()->loaded;
    for (const Problem& problem : loaded.problems)
      report.problems.push_back(ToText(problem));
    if (!loaded.error.empty() && loaded.state != LoadState::kNotFound &&
        loaded.state != LoadState::kMasked) {
      report.problems.push_back(absl::StrCat(unit->name(), ": ", loaded.error));
    }
  }
  return report;
}

void UnitTable::Remove(Unit& unit) {
  if (unit.type() == UnitType::kSocket) {
    for (ServiceUnit* instance : ConnectionsOf(static_cast<const SocketUnit&>(unit)))
      instance->ForgetOrigin();
  }
  if (!unit.marks.instance) ForgetAliases(unit);
  units_.erase(std::string(unit.name()));
}

}  // namespace socketd
