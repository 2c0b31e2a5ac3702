// Does the lines of one scenario in a world of its own. Splits into what makes things happen (here)
// and what is expected of them (expectation.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/scenarios/scenario.h"
#include "tests/sim/world.h"

namespace socketd::sim {

using Words = std::vector<std::string>;

class ScenarioRunner {
 public:
  ScenarioRunner(const Scenario& scenario, const ScenarioRun& run);

  ScenarioReport Go();

 private:
  using Verb = absl::Status (ScenarioRunner::*)(const Words& words);

  absl::Status Do(const ScenarioLine& line);
  absl::Status DoUnit(const ScenarioLine& line, const Words& words);
  absl::Status DoCreate(const Words& words);
  absl::StatusOr<ApplyRequest> ReadApply(const Words& words) const;
  absl::Status DoApply(const Words& words);
  absl::Status DoWorld(const Words& words);
  absl::Status DoSlow(const Words& words);
  void DoVerb(const std::string& verb, JobRequest request);
  absl::Status DoJob(const Words& words);
  static absl::StatusOr<Conversation> CallerOf(const Words& words);
  absl::Status Connect(const Words& words);
  absl::Status DoTraffic(const Words& words);
  absl::Status DoFault(const Words& words);
  absl::Status DoCrash(const Words& words);
  absl::Status DoTime(const Words& words);
  bool Excused() const;
  absl::Status DoExpect(const ScenarioLine& line, const Words& words);
  void BootOnce();
  // Lets the world react, unless the line ended with " +": then the next line comes at the same
  // instant, before anybody has seen this one.
  void Settle();
  void Finish();
  void Fail(int number, const std::string& what);
  void TakeComplaints(int number);

  const Scenario& scenario_;
  const ScenarioRun run_;
  World world_;
  std::map<std::string, int64_t> looked_;  // unit to the last revision that was expected of it
  size_t complaints_seen_ = 0;
  int64_t planned_ = 0;  // the revision of the last plan
  int crashes_ = 0;      // that the scenario tells of
  bool at_once_ = false;
  bool loose_ = false;  // what is expected does not hold if the daemon is killed on the way
  ScenarioReport report_;
};

}  // namespace socketd::sim
