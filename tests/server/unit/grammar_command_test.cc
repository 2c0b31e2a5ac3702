#include "server/unit/grammar_command.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/exec.pb.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using testing::FailsBecause;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

absl::StatusOr<CommandLine> Parse(absl::string_view text) {
  return ParseCommands(text, Stage::kWritten);
}

v1::Command One(absl::string_view text) {
  const auto line = Parse(text);
  EXPECT_THAT(line, IsOk()) << text;
  return line.ok() && line->commands.size() == 1 ? line->commands[0] : v1::Command();
}

TEST(CommandLine, HasProgramAndArguments) {
  const v1::Command command = One("/bin/echo \"a b\" $X ${Y} %i");
  EXPECT_EQ(command.path(), "/bin/echo");
  EXPECT_THAT(command.arguments(), ElementsAre("a b", "$X", "${Y}", "%i"));
  EXPECT_EQ(One("echo x").path(), "echo");
  EXPECT_EQ(One("%t/x").path(), "%t/x");
}

TEST(CommandLine, TakesEveryPrefixInAnyOrder) {
  const v1::Command command = One("-@:!/bin/sh sh -c");
  EXPECT_TRUE(command.ignore_failure());
  EXPECT_TRUE(command.no_expansion());
  EXPECT_EQ(command.argv0(), "sh");
  EXPECT_THAT(command.arguments(), ElementsAre("-c"));
  EXPECT_EQ(command.privileges(), v1::Command::PRIVILEGES_KEEP_IDENTITY);
  EXPECT_EQ(One("!!/bin/x").privileges(), v1::Command::PRIVILEGES_AMBIENT);
  EXPECT_EQ(One("+-/bin/x").privileges(), v1::Command::PRIVILEGES_FULL);
  EXPECT_TRUE(One("+-/bin/x").ignore_failure());
}

TEST(CommandLine, SeparatesCommandsAtLoneSemicolons) {
  const auto line = Parse("/bin/a x ; -/bin/b ';' \\; c;d ;");
  ASSERT_THAT(line, IsOk());
  ASSERT_THAT(line->commands, SizeIs(2));
  EXPECT_THAT(line->commands[0].arguments(), ElementsAre("x"));
  EXPECT_TRUE(line->commands[1].ignore_failure());
  EXPECT_THAT(line->commands[1].arguments(), ElementsAre(";", ";", "c;d"));
  EXPECT_FALSE(line->odd_escape);
}

TEST(CommandLine, TakesOnlyALoneEscapedSemicolonForOne) {
  EXPECT_THAT(One("/bin/find {} \\; \"\\\\;\" \\\\; a\\;").arguments(),
              ElementsAre("{}", ";", "\\;", "\\;", "a\\;"));
}

TEST(CommandLine, RefusesWhatCannotRun) {
  for (const char* bad : {"", "-", "bin/x", "./x", "--/bin/x", "@@/bin/x x", "::/bin/x", "+!/bin/x",
                          "!!!/bin/x", "@/bin/x", "@/bin/x ''", "; /bin/x", "/bin/x ; ; /bin/y",
                          "/bin/\"x", "/bin/../x", "|/bin/x"}) {
    EXPECT_THAT(Parse(bad), FailsBecause("BAD_VALUE")) << bad;
  }
}

TEST(CommandLine, ToldToUseAShellSaysHow) {
  for (const char* shell : {"|echo hello", "-@|echo sh", "|/bin/x"}) {
    EXPECT_THAT(std::string(Parse(shell).status().message()), HasSubstr("/bin/sh -c")) << shell;
  }
}

TEST(CommandLine, WritesWhatReadsBack) {
  for (const char* text :
       {"/bin/x", "-@:+/bin/x y z", "!/bin/x", "!!/bin/x", "echo", "/bin/x ';' \"\" '\\n\\\\'",
        "\"/bin/with blank\" x", "%t/x %%", "/bin/\x1ch \x7F", "/bin/x \\; '\\\\;' a\\;",
        "-\\x40/bin/x '-' @ \\xc3\\xa4"}) {
    const v1::Command command = One(text);
    const v1::Command again = One(FormatCommand(command));
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(command, again))
        << FormatCommand(command);
  }
}

}  // namespace
}  // namespace socketd
