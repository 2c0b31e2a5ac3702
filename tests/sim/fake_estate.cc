#include "tests/sim/fake_estate.h"

#include "server/base/errors.h"

namespace socketd::sim {

absl::Status FakeEstate::NothingLeft() {
  return Error(absl::StatusCode::kNotFound, "NOT_LEFT", "there was no daemon before");
}

}  // namespace socketd::sim
