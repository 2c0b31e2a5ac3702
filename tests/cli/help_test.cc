// Help and README say what the table of verbs says, and the table holds together.
#include "cli/help.h"

#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/console.h"

namespace socketd::cli {
namespace {

using testing::HasSubstr;

constexpr size_t kLine = 110;

TEST(Help, NamesEveryVerbOptionAndExitStatus) {
  const VerbTable table = AllVerbs();
  const std::string help = HelpForAll(table);
  for (const Verb& verb : table.verbs) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  ", verb.name, " "))) << verb.name;
    EXPECT_THAT(help, HasSubstr(std::string(verb.help)));
  }
  for (const OptionRow& row : table.common)
    EXPECT_THAT(help, HasSubstr(std::string(row.help)));
  for (const ExitMeaning& row : kExitMeanings) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat(static_cast<int>(row.code), "  ", row.meaning)));
  }
}

TEST(Help, TellsAllAboutEachVerb) {
  const VerbTable table = AllVerbs();
  for (const Verb& verb : table.verbs) {
    const std::string help = HelpForVerb(table, verb);
    for (const OptionRow& row : verb.options) {
      EXPECT_THAT(help, HasSubstr(std::string(row.help))) << verb.name;
      for (const std::string& flag : FlagsOf(row))
        EXPECT_THAT(help, HasSubstr(flag));
    }
    // Every verb shows itself at work.
    EXPECT_THAT(std::string(verb.examples), HasSubstr(absl::StrCat("socketctl ", verb.name)));
    for (const absl::string_view line : absl::StrSplit(help, '\n')) {
      EXPECT_LE(line.size(), kLine) << line;
    }
  }
}

TEST(Help, IsPrintedOnRequest) {
  Console console;
  const VerbTable table = AllVerbs();
  EXPECT_EQ(console.Run({"help"}).out, HelpForAll(table));
  EXPECT_EQ(console.Run({"--help"}).out, HelpForAll(table));
  for (const Verb& verb : table.verbs) {
    const std::string name(verb.name);
    EXPECT_EQ(console.Run({"help", name}).out, HelpForVerb(table, verb));
    if (name == "help") continue;
    EXPECT_EQ(console.Run({name, "-h"}).out, HelpForVerb(table, verb));
  }
  EXPECT_EQ(console.Run({"help", "list-units"}).out, console.Run({"help", "list"}).out);
}

TEST(Readme, HoldsTheHelpText) {
  std::ifstream in("cli/README.md");
  std::stringstream text;
  text << in.rdbuf();
  const std::string block = absl::StrCat("```text\n", HelpForAll(AllVerbs()), "```\n");
  EXPECT_THAT(text.str(), HasSubstr(block));
}

TEST(Verbs, AreFoundByNameAndAliasOnce) {
  const VerbTable table = AllVerbs();
  std::set<std::string> names;
  for (const Verb& verb : table.verbs) {
    EXPECT_TRUE(names.insert(std::string(verb.name)).second) << verb.name;
    EXPECT_EQ(FindVerb(table, verb.name), &verb);
    EXPECT_NE(verb.run, nullptr);
    EXPECT_LE(verb.least, verb.most);
    if (verb.alias.empty()) continue;
    EXPECT_TRUE(names.insert(std::string(verb.alias)).second);
    EXPECT_EQ(FindVerb(table, verb.alias), &verb);
  }
  EXPECT_EQ(FindVerb(table, ""), nullptr);
}

// Completions are tried in a real shell; unit names come from a socketctl that the test brings.
std::string Complete(const std::string& script, const std::string& words, int at) {
  const std::string command =
      absl::StrCat("socketctl() { echo web.socket; echo web.service; }\n", script, "\nCOMP_WORDS=(",
                   words, "); COMP_CWORD=", at, "; _socketctl; echo \"${COMPREPLY[*]}\"");
  std::ofstream file(absl::StrCat(testing::TempDir(), "/complete.sh"));
  file << command;
  file.close();
  FILE* pipe = popen(absl::StrCat("bash ", testing::TempDir(), "/complete.sh 2>&1").c_str(), "r");
  std::string out;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe))
    out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << out;
  return out;
}

TEST(Completion, OffersVerbsUnitsOptionsAndValues) {
  Console console;
  const std::string script = console.Run({"completion", "bash"}).out;
  EXPECT_EQ(Complete(script, "socketctl sta", 1), "status start\n");
  EXPECT_EQ(Complete(script, "socketctl start web.s", 2), "web.socket web.service\n");
  EXPECT_EQ(Complete(script, "socketctl watch --cou", 2), "--count\n");
  EXPECT_EQ(Complete(script, "socketctl list -o ya", 3), "yaml\n");
  EXPECT_EQ(Complete(script, "socketctl -o json sto", 3), "stop\n");
  EXPECT_EQ(Complete(script, "socketctl completion ''", 2), "bash zsh\n");
}

TEST(Completion, ForZshNamesEveryVerb) {
  Console console;
  const std::string script = console.Run({"completion", "zsh"}).out;
  EXPECT_TRUE(absl::StartsWith(script, "#compdef socketctl\n"));
  for (const Verb& verb : AllVerbs().verbs) {
    EXPECT_THAT(script, HasSubstr(absl::StrCat("\n    ", verb.name)));
  }
}

}  // namespace
}  // namespace socketd::cli
