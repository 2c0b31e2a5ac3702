#include "server/unit/environment.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/exec.pb.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using testing::FailsBecause;
using testing::HasFact;
using ::testing::IsEmpty;
using testing::IsOk;

TEST(Environment, HoldsEachNameOnce) {
  Environment environment;
  environment.Set("A", "1");
  environment.SetEntry("B=x=y");
  environment.SetEntry("nothing");
  environment.SetEntry("A=2");
  EXPECT_THAT(environment.Entries(), ElementsAre("A=2", "B=x=y"));
  environment.Set("BC", "3");
  EXPECT_EQ(environment.Find("B"), "x=y");
  EXPECT_EQ(environment.Find("C"), std::nullopt);
}

std::vector<std::string> ReadFile(const std::string& text) {
  Environment environment;
  EXPECT_THAT(ReadEnvironmentFile("/f", text, environment), IsOk());
  return environment.Entries();
}

TEST(EnvironmentFile, ReadsAssignments) {
  EXPECT_THAT(ReadFile("# c\n; c\n\nA=1\n  B = two words  \nC=\nA=3\r\nD=\"x\"\n"),
              ElementsAre("A=3", "B=two words", "C=", "D=x"));
  EXPECT_THAT(ReadFile("A=1"), ElementsAre("A=1"));
}

TEST(EnvironmentFile, QuotesAndEscapes) {
  EXPECT_THAT(ReadFile("A='a \\n $x'\nB=\"a\\\"b\\\\c\\d \\$\"\nC=a\\ b\\\n c\nD='a''b' \"c\"\n"),
              ElementsAre("A=a \\n $x", "B=a\"b\\c\\d $", "C=a b c", "D=abc"));
  EXPECT_THAT(ReadFile("A=\"two\nlines\"\nB='x\ny'\nC=a\"b\n"),
              ElementsAre("A=two\nlines", "B=x\ny", "C=a\"b"));
  EXPECT_THAT(ReadFile("A=\"x\\\ny\"\n"), ElementsAre("A=xy"));
}

TEST(EnvironmentFile, LeavesOutWhatIsNoAssignment) {
  EXPECT_THAT(ReadFile("export A=1\nrubbish\n1B=2\nC-D=3\n=4\n. /lib/x\nE=5\n"),
              ElementsAre("E=5"));
  EXPECT_THAT(ReadFile("A='open"), ElementsAre("A=open"));
  EXPECT_THAT(ReadFile("A=x\\"), ElementsAre("A=x\\"));
  EXPECT_THAT(ReadFile(""), IsEmpty());
}

TEST(EnvironmentFile, RefusesWhatIsNoText) {
  Environment environment;
  environment.Set("A", "1");
  const absl::Status status = ReadEnvironmentFile("/f", "A=2\nB=\xFF\n", environment);
  EXPECT_THAT(status, FailsBecause("BAD_ENVIRONMENT_FILE"));
  EXPECT_THAT(status, HasFact("file", "/f"));
  EXPECT_THAT(environment.Entries(), ElementsAre("A=1"));
  EXPECT_THAT(ReadEnvironmentFile("/f", std::string("A=\0", 3), environment),
              FailsBecause("BAD_ENVIRONMENT_FILE"));
}

std::vector<std::string> Expand(std::vector<std::string> arguments, bool no_expansion = false) {
  Environment environment;
  environment.Set("X", "one two");
  environment.Set("Q", "'a b' c\\ d \"e");
  environment.Set("E", "");
  v1::Command command;
  command.set_path("/bin/x");
  command.set_no_expansion(no_expansion);
  for (std::string& argument : arguments)
    command.add_arguments(std::move(argument));
  auto words = ExpandArguments(command, environment);
  EXPECT_EQ(words[0], "/bin/x");
  words.erase(words.begin());
  return words;
}

TEST(ExpandArguments, AWholeVariableSplitsIntoWords) {
  EXPECT_THAT(Expand({"$X", "z"}), ElementsAre("one", "two", "z"));
  EXPECT_THAT(Expand({"$NOSUCH", "$E", "z"}), ElementsAre("z"));
  EXPECT_THAT(Expand({"$Q"}), ElementsAre("a b", "c d", "e"));
}

TEST(ExpandArguments, BracesKeepOneWord) {
  EXPECT_THAT(Expand({"${X}", "a${X}b", "${NOSUCH}", "${E}"}),
              ElementsAre("one two", "aone twob", "", ""));
}

TEST(ExpandArguments, OtherDollarsStay) {
  EXPECT_THAT(Expand({"a$X", "$$X", "$$", "$", "${", "${1}", "${X", "$1", "a$$b"}),
              ElementsAre("a$X", "$X", "$", "$", "${", "${1}", "${X", "$1", "a$b"));
}

TEST(ExpandArguments, ThePrefixColonLeavesAllAlone) {
  EXPECT_THAT(Expand({"$X", "${X}", "$$"}, true), ElementsAre("$X", "${X}", "$$"));
}

TEST(ExpandArguments, TheFirstWordIsTheNameGiven) {
  v1::Command command;
  command.set_path("/bin/sh");
  command.set_argv0("-sh");
  EXPECT_THAT(ExpandArguments(command, Environment()), ElementsAre("-sh"));
}

}  // namespace
}  // namespace socketd
