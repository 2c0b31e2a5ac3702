#include "server/unit/grammar.h"

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

absl::Status Expected(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_VALUE", absl::StrCat("expected ", what));
}

}  // namespace socketd
