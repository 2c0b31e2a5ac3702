// Plays the transcripts in tests/cli/transcripts: each line that begins with "$ " is typed, and
// what is answered has to be what the file says. Standard error is marked with "! ", a status other
// than 0 with "exit N". After a meant change, copy the text that the failure shows.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "cli/verb.h"
#include "tests/cli/console.h"

namespace socketd::cli {
namespace {

constexpr char kFolder[] = "tests/cli/transcripts/";

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Read(const std::string& name) {
  std::ifstream in(absl::StrCat(kFolder, name, ".txt"));
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Marked(const std::string& err) {
  std::string text;
  for (const absl::string_view line : absl::StrSplit(err, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&text, "! ", line, "\n");
  }
  return text;
}

// The transcript of the same commands, played now.
std::string Play(const std::string& written) {
  Console console;
  std::string played;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(written, '\n'))) {
    if (!absl::StartsWith(line, "$ ")) continue;
    const Said said = console.Type(line.substr(2));
    absl::StrAppend(&played, played.empty() ? "" : "\n", line, "\n", said.out, Marked(said.err));
    if (said.code != ExitCode::kSuccess) {
      absl::StrAppend(&played, "exit ", static_cast<int>(said.code), "\n");
    }
  }
  return played;
}

class TranscriptTest : public testing::TestWithParam<std::string> {};

TEST_P(TranscriptTest, IsAnsweredAsWritten) {
  const std::string written = Read(GetParam());
  const std::string played = Play(written);
  const char* keep = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");  // NOLINT(concurrency-mt-unsafe)
  if (keep != nullptr) std::ofstream(absl::StrCat(keep, "/", GetParam(), ".txt")) << played;
  EXPECT_EQ(played, written);
}

INSTANTIATE_TEST_SUITE_P(All, TranscriptTest, testing::ValuesIn(Files()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

bool IsTried(const std::string& all, absl::string_view verb, absl::string_view output) {
  const std::string start = absl::StrCat("socketctl ", verb, " ");
  const std::vector<std::string> lines = absl::StrSplit(all, '\n');
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return absl::StartsWith(line, "$ ") && absl::StrContains(line + " ", start) &&
           absl::StrContains(line, absl::StrCat("-o ", output));
  });
}

// Every verb is tried with every output, so that a new verb cannot be forgotten here.
TEST(Transcripts, CoverEveryVerbAndOutput) {
  std::string all;
  for (const std::string& file : Files())
    absl::StrAppend(&all, Read(file));
  for (const Verb& verb : AllVerbs().verbs) {
    if (verb.group == VerbGroup::kSelf) continue;  // print the same in every form
    for (const absl::string_view output : {"table", "wide", "json", "yaml", "name"})
      EXPECT_TRUE(IsTried(all, verb.name, output)) << verb.name << " -o " << output;
  }
}

TEST(Transcripts, ShowEveryExitStatus) {
  std::string all;
  for (const std::string& file : Files())
    absl::StrAppend(&all, Read(file));
  for (const ExitMeaning& row : kExitMeanings) {
    if (row.code == ExitCode::kSuccess) continue;
    const std::string line = absl::StrCat("exit ", static_cast<int>(row.code), "\n");
    EXPECT_THAT(all, testing::HasSubstr(line));
  }
}

}  // namespace
}  // namespace socketd::cli
