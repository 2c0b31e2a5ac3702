#include "server/unit/sections.h"

#include <algorithm>

#include "proto/socketd/v1/unit.pb.h"

namespace socketd {

std::vector<std::string> SectionsOf(UnitType type) {
  switch (type) {
    case UnitType::kSocket:
      return {"Unit", "Socket", "Install"};
    case UnitType::kService:
      return {"Unit", "Service", "Install"};
    case UnitType::kTarget:
    case UnitType::kOther:
      break;
  }
  return {"Unit", "Install"};
}

bool HasSection(UnitType type, absl::string_view section) {
  const auto sections = SectionsOf(type);
  return std::find(sections.begin(), sections.end(), section) != sections.end();
}

void SetType(UnitType type, v1::UnitDefinition& definition) {
  switch (type) {
    case UnitType::kSocket:
      definition.mutable_socket();
      break;
    case UnitType::kService:
      definition.mutable_service();
      break;
    case UnitType::kTarget:
      definition.mutable_target();
      break;
    case UnitType::kOther:
      definition.clear_type();
      break;
  }
}

UnitType TypeOf(const v1::UnitDefinition& definition) {
  switch (definition.type_case()) {
    case v1::UnitDefinition::kSocket:
      return UnitType::kSocket;
    case v1::UnitDefinition::kService:
      return UnitType::kService;
    case v1::UnitDefinition::kTarget:
      return UnitType::kTarget;
    case v1::UnitDefinition::TYPE_NOT_SET:
      break;
  }
  return UnitType::kOther;
}

}  // namespace socketd
