// The verb directives and the reference page are made from one schema and say the same.
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/console.h"

namespace socketd::cli {
namespace {

using Texts = std::vector<std::string>;

// The page's table: sections, key, type, default, since, effect, remarks.
std::vector<Texts> PageRows() {
  std::ifstream page("proto/directives.md");
  std::vector<Texts> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("| ", 0) != 0 || line.rfind("| Section", 0) == 0 || line.rfind("| ---", 0) == 0)
      continue;
    Texts cells;
    for (const std::string& cell : std::vector<std::string>(
             absl::StrSplit(absl::StrReplaceAll(line, {{"\\|", "\1"}}), " | ")))
      cells.push_back(absl::StrReplaceAll(cell, {{"`", ""}, {"\1", "|"}}));
    cells.front() = std::string(absl::StripPrefix(cells.front(), "| "));
    cells.back() = std::string(absl::StripSuffix(cells.back(), " |"));
    rows.push_back(cells);
  }
  return rows;
}

// Without a daemon no need is met, as on the page.
TEST(Directives, SayWhatThePageSays) {
  Console console;
  console.StopDaemon();
  const Said said = console.Run({"directives", "-o", "json", "--timeout", "1s"});
  EXPECT_EQ(said.code, ExitCode::kSuccess) << said.err;
  const std::vector<std::string> lines = absl::StrSplit(said.out, '\n', absl::SkipEmpty());
  const std::vector<Texts> rows = PageRows();
  ASSERT_EQ(lines.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::map<std::string, size_t> columns = {{"sections", 0}, {"key", 1},   {"type", 2},
                                                   {"default", 3},  {"since", 4}, {"effect", 5},
                                                   {"remarks", 6}};
    for (const auto& [name, column] : columns) {
      const std::string escaped = absl::StrReplaceAll(rows[i].at(column), {{"\"", "\\\""}});
      const std::string said_so = absl::StrCat("\"", name, "\":\"", escaped, "\"");
      EXPECT_EQ(lines[i].find(said_so) != std::string::npos, !escaped.empty()) << said_so;
    }
  }
}

TEST(Directives, AreFoundByPattern) {
  Console console;
  const Said some = console.Run({"directives", "Listen*", "-o", "name"});
  EXPECT_THAT(some.out, testing::HasSubstr("ListenNetlink\n"));
  EXPECT_THAT(some.out, testing::Not(testing::HasSubstr("Accept")));
  EXPECT_EQ(console.Run({"directives", "Nothing"}).code, ExitCode::kFailed);
}

}  // namespace
}  // namespace socketd::cli
