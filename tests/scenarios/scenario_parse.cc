#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "tests/scenarios/scenario.h"

namespace socketd::sim {
namespace {

absl::Status BadLine(const std::string& file, int number, absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_SCENARIO",
               absl::StrCat(file, ":", number, ": ", what));
}

// A comment begins with # at the start of a line or after a space.
std::string WithoutComment(absl::string_view line) {
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "#")) return "";
  const size_t hash = line.find(" #");
  return std::string(hash == absl::string_view::npos ? line : line.substr(0, hash));
}

}  // namespace

absl::StatusOr<std::vector<Scenario>> ParseScenarios(const std::string& file,
                                                     absl::string_view text) {
  std::vector<Scenario> scenarios;
  int number = 0;
  for (absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const std::string line = WithoutComment(raw);
    const absl::string_view stripped = absl::StripAsciiWhitespace(line);
    if (stripped.empty()) continue;
    if (absl::StartsWith(line, "scenario ")) {
      scenarios.push_back({file, std::string(stripped.substr(9)), number, {}});
      continue;
    }
    if (scenarios.empty()) return BadLine(file, number, "expected `scenario TITLE` first");
    auto& lines = scenarios.back().lines;
    if (!absl::ascii_isspace(static_cast<unsigned char>(line[0]))) {
      lines.push_back({number, std::string(stripped), {}});
    } else if (lines.empty() || !absl::StartsWith(lines.back().text, "unit ")) {
      return BadLine(file, number, "an indented line without a `unit` line before it");
    } else {
      lines.back().body.emplace_back(stripped);
    }
  }
  return scenarios;
}

}  // namespace socketd::sim
