// Reads the scenario files that a test was given as arguments.
#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "tests/scenarios/scenario.h"

namespace socketd::sim {

// INVALID_ARGUMENT if a file cannot be read or understood, or if there is none.
absl::StatusOr<std::vector<Scenario>> ReadScenarios(int argc, char** argv);

}  // namespace socketd::sim
