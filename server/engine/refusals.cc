#include "server/engine/refusals.h"

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

absl::Status NoCreatePath() {
  return Error(absl::StatusCode::kFailedPrecondition, "NO_CREATE_PATH",
               "the daemon has no folder for units made by callers");
}

absl::Status TypeUnsupported(const UnitName& name) {
  return Error(absl::StatusCode::kInvalidArgument, "UNIT_TYPE_UNSUPPORTED",
               absl::StrCat("units of type ", std::string(name.suffix()), " cannot run here"),
               {{"unit", name.text()}});
}

absl::Status NotWritable(const UnitName& name, const std::string& path, absl::string_view which) {
  return Error(absl::StatusCode::kFailedPrecondition, "UNIT_NOT_WRITABLE",
               absl::StrCat(name.text(), " comes from ", path, ", which ", which),
               {{"unit", name.text()}, {"path", path}});
}

absl::Status StillActive(const Unit& unit) {
  return Error(absl::StatusCode::kFailedPrecondition, "UNIT_ACTIVE",
               absl::StrCat(unit.name(), " is ", std::string(unit.sub_state()), ": stop it first"),
               {{"unit", unit.name()}});
}

}  // namespace socketd
