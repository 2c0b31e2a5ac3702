#include "tests/scenarios/each_scenario.h"

#include <iostream>
#include <string>

#include "absl/strings/ascii.h"
#include "gmock/gmock.h"

#include "tests/scenarios/scenario_files.h"

namespace socketd::sim {
namespace {

std::string TestName(const Scenario& scenario) {
  std::string name;
  for (const char c : scenario.title)
    name += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

}  // namespace

int RunEachScenario(int argc, char** argv, const char* suite, const MakeTest& make) {
  ::testing::InitGoogleMock(&argc, argv);
  const auto scenarios = ReadScenarios(argc, argv);
  if (!scenarios.ok()) {
    std::cerr << scenarios.status().message() << "\n";
    return 1;
  }
  for (const Scenario& scenario : *scenarios) {
    ::testing::RegisterTest(suite, TestName(scenario).c_str(), nullptr, scenario.title.c_str(),
                            scenario.file.c_str(), scenario.number,
                            [make, scenario]() -> ::testing::Test* { return make(scenario); });
  }
  return RUN_ALL_TESTS();
}

}  // namespace socketd::sim
