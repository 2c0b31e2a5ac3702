// What a daemon of the fake world finds of the one before: nothing.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace socketd::sim {

class FakeEstate {
 public:
  static absl::Span<char> Memory(size_t /*size*/) { return {}; }
  static absl::Status NothingLeft();
};

}  // namespace socketd::sim
