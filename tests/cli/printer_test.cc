#include "cli/printer.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/console.h"

#include "socketd/v1/unit.pb.h"
#include "yaml-cpp/yaml.h"

namespace socketd::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TablePrinter, AlignsByCharactersNotBytes) {
  std::ostringstream out;
  const auto printer = NewTablePrinter(out, {}, false);
  printer->Columns({{"A"}, {"HIDDEN", true}, {"B"}});
  printer->Print({nullptr, "", {{{"ä→"}, {"x"}, {"1"}}, {{"abcd"}, {"y"}, {"2"}}}, ""});
  printer->Flush("2 rows.");
  EXPECT_EQ(out.str(), "A    B\nä→   1\nabcd 2\n\n2 rows.\n");
}

TEST(TablePrinter, WithoutLegendHasRowsOnly) {
  std::ostringstream out;
  const auto printer = NewTablePrinter(out, {.colour = false, .legend = false}, true);
  printer->Columns({{"LONG TITLE"}, {"WIDE", true}});
  printer->Print({nullptr, "", {{{"a"}, {"b"}}}, ""});
  printer->Flush("1 row.");
  EXPECT_EQ(out.str(), "a b\n");
}

TEST(TablePrinter, KeepsForeignTextFromDrivingTheTerminal) {
  std::ostringstream out;
  const auto printer = NewTablePrinter(out, {.colour = true, .legend = false}, false);
  printer->Columns({{"A"}});
  printer->Print({nullptr, "", {{{"a\033[2Jb\x7f", Tone::kBad}}}, ""});
  printer->Flush("");
  EXPECT_EQ(out.str(), "\033[1;31ma?[2Jb?\033[0m\n");
}

TEST(Colour, IsForTerminalsAndHonoursNoColor) {
  Console console;
  EXPECT_THAT(console.Run({"status", "db"}).out, Not(HasSubstr("\033[")));
  console.colour = true;
  EXPECT_THAT(console.Run({"status", "db"}).out, HasSubstr("\033[1;31m×\033[0m db.service"));
  EXPECT_THAT(console.Run({"list"}).out, HasSubstr("\033[32mactive\033[0m"));
  EXPECT_THAT(console.Run({"watch", "--count", "1"}).out, HasSubstr("→ \033[32mrunning"));
  console.environment["NO_COLOR"] = "1";
  EXPECT_THAT(console.Run({"status", "db"}).out, Not(HasSubstr("\033[")));
  console.environment.erase("NO_COLOR");
  console.environment["TERM"] = "dumb";
  EXPECT_THAT(console.Run({"status", "db"}).out, Not(HasSubstr("\033[")));
}

constexpr const char* kOddTexts[] = {"plain",
                                     "yes",
                                     "No",
                                     "null",
                                     "~",
                                     "1",
                                     "1e3",
                                     "0x1f",
                                     "-",
                                     "- a",
                                     "a: b",
                                     "a #b",
                                     "#a",
                                     " lead",
                                     "trail ",
                                     "\ttab",
                                     "two\nlines",
                                     "two\nlines\n",
                                     "\n",
                                     "ends\n\n",
                                     "\"q\"",
                                     "'q'",
                                     "{}",
                                     "[",
                                     "@at",
                                     "`",
                                     "%",
                                     "!tag",
                                     "&a",
                                     "*a",
                                     "|",
                                     ">",
                                     "\\n",
                                     "ünïcödé → ✓",
                                     "\x01\x7f",
                                     "2026-11-21",
                                     "---",
                                     "...",
                                     "y",
                                     "a\r\nb\n",
                                     "\xc3\xbc\nb\n",
                                     "a\n\nb\n",
                                     "a\n  b\n",
                                     "a \nb\n",
                                     "# a\nb\n",
                                     "---\na\n",
                                     "a\x1f\n",
                                     "</x>",
                                     "\xe2\x80\xa8",
                                     "😀"};

// Whatever a string holds, YAML has to read it back as the same string.
TEST(YamlPrinter, ReadsBackTheSame) {
  for (const std::string text : kOddTexts) {
    v1::Unit unit;
    unit.mutable_status()->set_sub_state(text);
    unit.add_aliases(text);
    std::ostringstream out;
    NewYamlPrinter(out)->Print({&unit, "", {}, ""});
    const YAML::Node node = YAML::Load(out.str());
    EXPECT_EQ(node["status"]["subState"].as<std::string>(), text) << out.str();
    EXPECT_EQ(node["aliases"][0].as<std::string>(), text) << out.str();
  }
}

}  // namespace
}  // namespace socketd::cli
