// Every scenario of the files that are given as arguments, as one test each.

#include "tests/scenarios/scenario.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/scenarios/each_scenario.h"

namespace socketd::sim {
namespace {

class ScenarioTest : public ::testing::Test {
 public:
  explicit ScenarioTest(Scenario scenario) : scenario_(std::move(scenario)) {}
  // Any order of simultaneous events has to do.
  void TestBody() override {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      const ScenarioReport report = Play(scenario_, {.seed = seed});
      ASSERT_TRUE(report.failures.empty())
          << absl::StrJoin(report.failures, "\n") << "\n(seed " << seed << ")";
    }
  }

 private:
  static constexpr uint64_t kSeeds = 10;
  Scenario scenario_;
};

TEST(ScenarioParser, NamesFileAndLine) {
  EXPECT_THAT(ParseScenarios("x.scenario", "# note\nstart a.service\n").status().ToString(),
              ::testing::HasSubstr("x.scenario:2: "));
  auto scenarios = ParseScenarios("x.scenario", "scenario one\n\nfly to the moon\n");
  ASSERT_TRUE(scenarios.ok());
  const ScenarioReport report = Play(scenarios->at(0));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0], "x.scenario:3: no such verb: fly");
}

TEST(ScenarioRunner, FailsWhereTheWorldIsOtherwise) {
  auto scenarios = ParseScenarios("x.scenario",
                                  "scenario two\n"
                                  "unit a.service exec=/bin/a\n"
                                  "child /bin/a hangs\n"
                                  "start a.service\n"
                                  "expect a.service dead\n");
  ASSERT_TRUE(scenarios.ok());
  const ScenarioReport report = Play(scenarios->at(0));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0], ::testing::StartsWith("x.scenario:5: a.service is running"));
}

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  using namespace socketd::sim;  // NOLINT(google-build-using-namespace): a program of one file
  return RunEachScenario(argc, argv, "Scenario", [](const Scenario& scenario) -> ::testing::Test* {
    return new ScenarioTest(scenario);
  });
}
