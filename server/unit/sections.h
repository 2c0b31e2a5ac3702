// Which sections a type of unit has, and which message of its definition.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/unit/unit_name.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

// The warning for a key of systemd that has no field.
constexpr char kNotEnforced[] = "known to systemd, but not enforced here";

// The warning for a key that nobody knows.
constexpr char kUnknownKey[] = "unknown key, kept but without effect";

// "Unit", the type's own, "Install": the order in which they are written.
std::vector<std::string> SectionsOf(UnitType type);
bool HasSection(UnitType type, absl::string_view section);

// Makes the definition one of that type; what it had of another one is gone.
void SetType(UnitType type, v1::UnitDefinition& definition);
// The type that the definition says it has; kOther: none.
UnitType TypeOf(const v1::UnitDefinition& definition);

}  // namespace socketd
