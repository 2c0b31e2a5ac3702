// What callers are told who may not make, change or remove a unit. Values; engine thread or none.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/engine/unit.h"
#include "server/unit/unit_name.h"

namespace socketd {

// FAILED_PRECONDITION, NO_CREATE_PATH.
absl::Status NoCreatePath();
// INVALID_ARGUMENT, UNIT_TYPE_UNSUPPORTED.
absl::Status TypeUnsupported(const UnitName& name);
// FAILED_PRECONDITION, UNIT_NOT_WRITABLE: it comes from `path`, "which ...".
absl::Status NotWritable(const UnitName& name, const std::string& path, absl::string_view which);
// FAILED_PRECONDITION, UNIT_ACTIVE: it has processes or a job.
absl::Status StillActive(const Unit& unit);

}  // namespace socketd
