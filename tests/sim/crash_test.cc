// Every scenario again, with the daemon killed at its n-th kernel call, before that is done and
// right after it, for n = 1, 2, ... until there are not that many; each time the next one goes on
// with what the keeper has. No invariant may break, no move of a unit be seen twice or never,
// nothing be started twice or forgotten, and everything must come to rest when it is told to stop.

#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/scenarios/scenario.h"
#include "tests/scenarios/scenario_files.h"

namespace socketd::sim {
namespace {

class CrashTest : public ::testing::Test {
 public:
  explicit CrashTest(Scenario scenario) : scenario_(std::move(scenario)) {}

  void TestBody() override {
    for (const bool after : {false, true}) {
      uint64_t nth = 1;
      for (;; ++nth) {
        const ScenarioReport report =
            Play(scenario_, {.seed = nth, .killing_call = nth, .kill_after = after});
        ASSERT_TRUE(report.failures.empty()) << absl::StrJoin(report.failures, "\n") << "\nkilled "
                                             << (after ? "after" : "at") << " call " << nth;
        if (!report.killed) break;
      }
      RecordProperty(after ? "killed_after" : "killed_at", static_cast<int>(nth - 1));
    }
  }

 private:
  Scenario scenario_;
};

std::string TestName(const Scenario& scenario) {
  std::string name;
  for (const char c : scenario.title)
    name += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  const auto scenarios = socketd::sim::ReadScenarios(argc, argv);
  if (!scenarios.ok()) {
    std::cerr << scenarios.status().message() << "\n";
    return 1;
  }
  for (const socketd::sim::Scenario& scenario : *scenarios) {
    ::testing::RegisterTest(
        "Crash", socketd::sim::TestName(scenario).c_str(), nullptr, scenario.title.c_str(),
        scenario.file.c_str(), scenario.number,
        [scenario]() -> ::testing::Test* { return new socketd::sim::CrashTest(scenario); });
  }
  return RUN_ALL_TESTS();
}
