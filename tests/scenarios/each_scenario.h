// The main() of tests that play every scenario of the files that they are given as arguments.
#pragma once

#include <functional>

#include "gtest/gtest.h"

#include "tests/scenarios/scenario.h"

namespace socketd::sim {

using MakeTest = std::function<::testing::Test*(const Scenario&)>;

// Registers a test of `suite` for each, named after its title, and runs all. The exit status.
int RunEachScenario(int argc, char** argv, const char* suite, const MakeTest& make);

}  // namespace socketd::sim
