// What holds between the fields of a definition: rules that no single value can break. Any thread.
#pragma once

#include <cstdint>

#include "server/unit/problem.h"
#include "server/unit/unit_name.h"

namespace socketd {

namespace v1 {
class UnitDefinition;
}

// More descriptors than that no service leaves with us, whatever FileDescriptorStoreMax= says.
inline constexpr uint32_t kMostStored = 8192;

// False, and a fatal problem, if the definition is of another type than the name's suffix says.
bool CheckType(const UnitName& name, const v1::UnitDefinition& definition, Problems& problems);

// Fatal problems: systemd.socket(5) and systemd.service(5) say which combinations cannot be.
void CheckRules(const v1::UnitDefinition& definition, Problems& problems);

// Warnings: values that are accepted but do something else than with systemd.
void WarnOfDifferences(const v1::UnitDefinition& definition, Problems& problems);

}  // namespace socketd
