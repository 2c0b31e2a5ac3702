// Every scenario again, with the daemon killed at its n-th kernel call, before that is done and
// right after it, for n = 1, 2, ... until there are not that many; each time the next one goes on
// with what the keeper has. No invariant may break, no move of a unit be seen twice or never,
// nothing be started twice or forgotten, and everything must come to rest when it is told to stop.

#include <cstdint>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/scenarios/each_scenario.h"
#include "tests/scenarios/scenario.h"

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

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  using namespace socketd::sim;  // NOLINT(google-build-using-namespace): a program of one file
  return RunEachScenario(argc, argv, "Crash", [](const Scenario& scenario) -> ::testing::Test* {
    return new CrashTest(scenario);
  });
}
