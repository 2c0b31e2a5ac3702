// Instances for connections: made from a template that is read once, or again as the daemon before
// had made them.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/engine/remembered.pb.h"
#include "server/engine/unit_table.h"

namespace socketd {
namespace {

bool HasLinks(const v1::UnitSpec& unit) {
  return unit.requires_units_size() + unit.wants_size() + unit.requisite_size() +
             unit.binds_to_size() + unit.part_of_size() + unit.conflicts_size() +
             unit.before_size() + unit.after_size() + unit.on_failure_size() >
         0;
}

}  // namespace

std::string InstanceName(uint64_t number, const Connection& connection) {
  std::string name = absl::StrCat(number, "-", connection.cookie, "-");
  const SocketAddress remote = Unmapped(connection.remote);
  const SocketAddress local = Unmapped(connection.local);
  if (!PortText(remote).empty()) {
    absl::StrAppend(&name, HostText(local), ":", PortText(local), "-", HostText(remote), ":",
                    PortText(remote));
  } else if (connection.peer.pid == 0) {
    absl::StrAppend(&name, "unknown");
  } else {
    absl::StrAppend(&name, connection.peer.pid, "-", connection.peer.uid);
  }
  // A scope may hold anything; what cannot stand in a name does not help to read it.
  name.erase(std::remove_if(name.begin(), name.end(),
                            [](char c) { return c == '%' || c == '/' || c == ' '; }),
             name.end());
  return name;
}

absl::StatusOr<const UnitTable::Template*> UnitTable::TemplateOf(const UnitName& name) {
  const auto known = templates_.find(name.text());
  if (known != templates_.end()) return &known->second;
  const absl::StatusOr<UnitName> one = name.WithInstance("0-1");
  const absl::StatusOr<UnitName> other = name.WithInstance("2-3");
  if (!one.ok() || !other.ok()) return one.status();
  Template found{loader_.Load(*one), nullptr, false};
  if (found.loaded.state != LoadState::kLoaded) {
    return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_NOT_LOADED",
                 absl::StrCat(name.text(), " is ", std::string(NameOf(found.loaded.state)), " ",
                              found.loaded.error),
                 {{"service", name.text()}});
  }
  found.has_links = HasLinks(found.loaded.effective->unit());
  // Two instances with equal definitions: all are equal, and one is enough.
  const LoadedUnit second = loader_.Load(*other);
  const bool same = second.effective != nullptr && second.effective->SerializeAsString() ==
                                                       found.loaded.effective->SerializeAsString();
  if (same) found.shared = MakeDefinition(found.loaded, around_);
  return &templates_.emplace(name.text(), std::move(found)).first->second;
}

DefinitionPtr UnitTable::DefinitionOf(const Template& found, const UnitName& name) const {
  if (found.shared != nullptr) return found.shared;
  return MakeDefinition(loader_.LoadLike(found.loaded, name), around_);
}

ServiceUnit* UnitTable::RecallInstance(const remembered::Unit& record) {
  Unit* const origin = Find(record.service().origin());
  const absl::StatusOr<UnitName> name = UnitName::Parse(record.name());
  const bool fits = origin != nullptr && origin->type() == UnitType::kSocket && name.ok() &&
                    name->is_instance() && name->type() == UnitType::kService &&
                    Find(record.name()) == nullptr && HasRoomFor(1);
  if (!fits) return nullptr;
  const absl::StatusOr<const Template*> found = TemplateOf(name->TemplateName());
  if (!found.ok()) return nullptr;
  auto made = std::make_unique<ServiceUnit>(host_, *name, DefinitionOf(**found, *name));
  ServiceUnit& unit = *made;
  units_[name->text()] = std::move(made);
  unit.TakeAgain(record, static_cast<SocketUnit&>(*origin));
  if ((*found)->has_links) {
    to_link_.push_back(&unit);
    LinkPending();
  }
  return &unit;
}

absl::StatusOr<ServiceUnit*> UnitTable::MakeInstance(SocketUnit& socket, Connection connection) {
  const UnitName service = socket.service_name();
  const absl::StatusOr<const Template*> found = TemplateOf(service);
  if (!found.ok()) return found.status();
  if (units_.size() >= options_.unit_limit) return TooManyUnits();
  // After the daemon before was killed some numbers above the last one known may be taken.
  absl::StatusOr<UnitName> name;
  do {
    name = service.WithInstance(InstanceName(socket.instances_begun(), connection));
    if (!name.ok()) return name.status();
    socket.NextInstance();
  } while (units_.contains(name->text()));
  auto made = std::make_unique<ServiceUnit>(host_, *name, DefinitionOf(**found, *name));
  ServiceUnit& unit = *made;
  units_[name->text()] = std::move(made);
  unit.Take(std::move(connection), socket);
  if ((*found)->has_links) {
    to_link_.push_back(&unit);
    LinkPending();
  }
  return &unit;
}

}  // namespace socketd
