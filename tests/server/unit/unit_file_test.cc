#include "server/unit/unit_file.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Lines(const std::string& text, Problems& problems) {
  std::vector<std::string> lines;
  for (const Assignment& a : ReadAssignments("f", text, problems))
    lines.push_back(std::to_string(a.line) + " " + a.section + "." + a.key + "=" + a.value);
  return lines;
}

TEST(UnitFile, GivesSectionsKeysValuesAndLines) {
  Problems problems;
  EXPECT_THAT(Lines("# x\n\n[A]\n k = v w \n;c\nk=\n[B C]\nk=a=b", problems),
              ElementsAre("4 A.k=v w", "6 A.k=", "8 B C.k=a=b"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(UnitFile, JoinsContinuedLinesAndSkipsCommentsBetweenThem) {
  Problems problems;
  EXPECT_THAT(Lines("[A]\nk=a\\\n  b \\\n# no\n; no\nc\nl=1", problems),
              ElementsAre("2 A.k=a b  c", "7 A.l=1"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(UnitFile, ABackslashBeforeTheEndOfALineIsPlain) {
  Problems problems;
  EXPECT_THAT(Lines("[A\\]\n\\=\nk\\=v\n", problems), ElementsAre("2 A\\.\\=", "3 A\\.k\\=v"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(UnitFile, AnEscapedBackslashAtTheEndDoesNotContinue) {
  Problems problems;
  EXPECT_THAT(Lines("[A]\nk=a\\\\\nl=b\\", problems), ElementsAre("2 A.k=a\\\\", "3 A.l=b"));
}

TEST(UnitFile, ReadsByteOrderMarkAndCarriageReturns) {
  Problems problems;
  EXPECT_THAT(Lines("\xEF\xBB\xBF[A]\r\nk=v\r\n", problems), ElementsAre("2 A.k=v"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(UnitFile, ReportsEveryOddLineAndReadsTheRest) {
  Problems problems;
  const std::string text = std::string("k=v\n[A\n[]\n[A]\nnothing\n=v\nk=\xFF\nk=a") + '\0' +
                           "b\ngood=1\n[A] x\nlost=1\n";
  EXPECT_THAT(Lines(text, problems), ElementsAre("9 A.good=1"));
  std::vector<int> lines;
  for (const Problem& problem : problems) {
    EXPECT_TRUE(problem.fatal);
    EXPECT_EQ(problem.file, "f");
    lines.push_back(problem.line);
  }
  EXPECT_THAT(lines, ElementsAre(1, 2, 3, 5, 6, 7, 8, 10, 11));
}

TEST(UnitFile, NamesTheLineAndTheByteThatIsNoText) {
  Problems problems;
  const std::string text = std::string("[A]\nDe\223cription=x\nk=a") + '\0' + "\n\xC3\xA4=1\n";
  EXPECT_THAT(Lines(text, problems), ElementsAre("4 A.\xC3\xA4=1"));
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_THAT(problems[0].message, HasSubstr("byte 3 of the line is 0x93"));
  EXPECT_EQ(problems[1].line, 3);
  EXPECT_THAT(problems[1].message, HasSubstr("byte 4 of the line is a NUL"));
}

TEST(UnitFile, RefusesAllOfAContinuedLineForOneBadByte) {
  Problems problems;
  EXPECT_THAT(Lines("[A]\nk=a \\\n\xFF \\\n\xFE\nl=1\n# \xFF\nm=2 \\\n# \xFF\n3", problems),
              ElementsAre("5 A.l=1", "7 A.m=2  3"));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].line, 3);
}

TEST(UnitFile, SaysThatALineIsTooLongAlsoAtTheEndOfTheFile) {
  Problems problems;
  EXPECT_THAT(Lines("[A]\nk=" + std::string(kLongestUnitLine, 'x') + "\\", problems), IsEmpty());
  EXPECT_THAT(problems, SizeIs(1));
}

TEST(UnitFile, RefusesWhatIsTooLarge) {
  Problems problems;
  EXPECT_THAT(ReadAssignments("f", std::string(kLargestUnitFile + 1, 'x'), problems), IsEmpty());
  ASSERT_THAT(problems, SizeIs(1));

  problems.clear();
  const std::string long_line(kLongestUnitLine, 'x');
  EXPECT_THAT(Lines("[A]\nk=" + long_line + "\nl=\\\n" + long_line + "\nm=1\n", problems),
              ElementsAre("5 A.m=1"));
  EXPECT_THAT(problems, SizeIs(2));

  problems.clear();
  std::string many = "[A]\n";
  for (size_t i = 0; i <= kMostAssignments + 5; ++i)
    many += "k=v\n";
  EXPECT_THAT(ReadAssignments("f", many, problems), SizeIs(kMostAssignments));
  EXPECT_THAT(problems, SizeIs(1));
}

TEST(UnitFile, SaysNoMoreThanAHundredThings) {
  Problems problems;
  ReadAssignments("f", std::string(5000, '='), problems);
  EXPECT_THAT(problems, SizeIs(1));
  problems.clear();
  std::string rubbish;
  for (int i = 0; i < 1000; ++i)
    rubbish += "rubbish\n";
  ReadAssignments("f", rubbish, problems);
  EXPECT_THAT(problems, SizeIs(100));
}

TEST(UnitFile, KnowsWhatComesBack) {
  for (const char* fits : {"", "a b", "a\\\\", "#x", "[x]", "\xC3\xA4"})
    EXPECT_TRUE(FitsOnLine(fits)) << fits;
  for (const char* odd : {" a", "a ", "a\nb", "a\\", "\xFF"})
    EXPECT_FALSE(FitsOnLine(odd)) << odd;
  for (const char* fits : {"X-Key", "\\", "a\\"})
    EXPECT_TRUE(FitsAsKey(fits)) << fits;
  for (const char* odd : {"", "a=b", "#a", ";a", "[a", "a "})
    EXPECT_FALSE(FitsAsKey(odd)) << odd;
  EXPECT_TRUE(FitsAsSection("a\\"));
  EXPECT_FALSE(FitsAsSection("a]b"));
  EXPECT_FALSE(FitsAsSection(""));
}

}  // namespace
}  // namespace socketd
