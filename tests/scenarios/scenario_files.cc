#include "tests/scenarios/scenario_files.h"

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace socketd::sim {

absl::StatusOr<std::vector<Scenario>> ReadScenarios(int argc, char** argv) {
  std::vector<Scenario> all;
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    if (!absl::EndsWith(path, ".scenario")) continue;
    std::ifstream file(path);
    if (!file) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
    std::ostringstream text;
    text << file.rdbuf();
    auto scenarios = ParseScenarios(path, text.str());
    if (!scenarios.ok()) return scenarios.status();
    all.insert(all.end(), scenarios->begin(), scenarios->end());
  }
  if (all.empty()) return absl::InvalidArgumentError("no scenario file was given");
  return all;
}

}  // namespace socketd::sim
