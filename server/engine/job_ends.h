// Waiting for the jobs of several units. Engine thread only.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "server/engine/unit.h"

namespace socketd {

// A unit by name, and why its job came to nothing.
using FailedJobs = std::vector<std::pair<std::string, absl::Status>>;

// Calls `ended` once, when the last of the jobs that `units` have now is through; at once if there
// is none. `failed` are those that came to nothing, in the order of their ends.
void WhenAllEnded(const std::vector<Unit*>& units,
                  std::function<void(const FailedJobs& failed)> ended);

}  // namespace socketd
