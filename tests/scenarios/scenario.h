// Scenarios: a world and what happens in it, in plain words (tests/README.md has the grammar). A
// file holds several; each begins with a line `scenario TITLE`. Parsing gives lines; running does
// them in a World of its own. Errors name file and line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd::sim {

struct ScenarioLine {
  int number = 0;
  std::string text;               // without comment and surrounding space
  std::vector<std::string> body;  // indented lines after it, as they are
};

struct Scenario {
  std::string file;
  std::string title;
  int number = 0;
  std::vector<ScenarioLine> lines;
};

struct ScenarioRun {
  uint64_t seed = 0;
  // The n-th kernel call (from 1) fails with this errno; expectations are not looked at then, but
  // invariants are, and that everything comes to rest when it is told to.
  uint64_t failing_call = 0;
  int failing_errno = 0;
  // The daemon is killed at its n-th kernel call (from 1), before that is done or right after it,
  // and started again. What is expected holds all the same, but for what a client changes who was
  // not answered and asks again, and where the scenario says that it is loose.
  uint64_t killing_call = 0;
  bool kill_after = false;

  bool undisturbed() const { return failing_call == 0 && killing_call == 0; }
};

struct ScenarioReport {
  std::vector<std::string> failures;  // "file:line: what"; empty: all went as expected
  std::string failed_call;  // the call that failing_call hit; empty: there were not that many
  bool killed = false;      // there were as many calls as killing_call
};

// INVALID_ARGUMENT names file and line.
absl::StatusOr<std::vector<Scenario>> ParseScenarios(const std::string& file,
                                                     absl::string_view text);

ScenarioReport Play(const Scenario& scenario, const ScenarioRun& run = {});

}  // namespace socketd::sim
