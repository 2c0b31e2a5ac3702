#include "server/api/upgrader.h"

#include "server/base/errors.h"

namespace socketd {

absl::Status NoKeeper() {
  return Error(absl::StatusCode::kFailedPrecondition, "NO_KEEPER",
               "nobody keeps this daemon (--no-keeper, the machine cannot, or both who did were "
               "killed): no other one will take its place; restart it");
}

}  // namespace socketd
