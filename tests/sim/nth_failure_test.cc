// Every scenario again, with its n-th kernel call failing, for n = 1, 2, ... until there are not
// that many. What was expected may not happen then; but no invariant may break, and everything
// must come to rest and leave nothing when it is told to stop.

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "tests/scenarios/each_scenario.h"
#include "tests/scenarios/scenario.h"

namespace socketd::sim {
namespace {

class NthFailureTest : public ::testing::Test {
 public:
  explicit NthFailureTest(Scenario scenario) : scenario_(std::move(scenario)) {}

  void TestBody() override {
    for (const int error : {ENOMEM, EIO}) {
      uint64_t nth = 1;
      for (;; ++nth) {
        const ScenarioReport report =
            Play(scenario_, {.seed = nth, .failing_call = nth, .failing_errno = error});
        ASSERT_TRUE(report.failures.empty())
            << absl::StrJoin(report.failures, "\n") << "\nwith call " << nth << " ("
            << report.failed_call << ") failing with " << ErrnoName(error);
        if (report.failed_call.empty()) break;
      }
      RecordProperty("calls_" + ErrnoName(error), static_cast<int>(nth - 1));
    }
  }

 private:
  Scenario scenario_;
};

}  // namespace
}  // namespace socketd::sim

int main(int argc, char** argv) {
  using namespace socketd::sim;  // NOLINT(google-build-using-namespace): a program of one file
  return RunEachScenario(
      argc, argv, "NthFailure",
      [](const Scenario& scenario) -> ::testing::Test* { return new NthFailureTest(scenario); });
}
