#include "server/api/names.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"

namespace socketd {

absl::StatusOr<UnitName> ParseResourceName(absl::string_view text, absl::string_view field) {
  absl::StatusOr<UnitName> name = UnitName::Parse(absl::StripPrefix(text, "units/"));
  if (!name.ok()) return WithFacts(name.status(), {{"field", std::string(field)}});
  return name;
}

std::string ResourceName(absl::string_view unit) {
  return absl::StrCat("units/", unit);
}

}  // namespace socketd
