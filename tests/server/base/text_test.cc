#include "server/base/text.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(Quoted, LeavesPlainWordsAlone) {
  EXPECT_EQ(Quoted("web.socket"), "web.socket");
  EXPECT_EQ(Quoted("[::1]:80"), "[::1]:80");
  EXPECT_EQ(Quoted("\xC3\xA4"), "\xC3\xA4");
}

TEST(Quoted, QuotesWhatWouldBreakALogLine) {
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("two words"), "\"two words\"");
  EXPECT_EQ(Quoted("a=b"), "\"a=b\"");
  EXPECT_EQ(Quoted("line\nbreak"), "\"line\\nbreak\"");
  EXPECT_EQ(Quoted("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(Quoted("\x1b[31m"), "\"\\033[31m\"");
  EXPECT_EQ(Quoted("\xFF"), "\"\\377\"");
}

TEST(EditDistance, CountsSingleCharacterEdits) {
  EXPECT_EQ(EditDistance("", "", 5), 0U);
  EXPECT_EQ(EditDistance("ListenStream", "ListenStream", 5), 0U);
  EXPECT_EQ(EditDistance("ListenStraem", "ListenStream", 5), 2U);
  EXPECT_EQ(EditDistance("kitten", "sitting", 5), 3U);
  EXPECT_EQ(EditDistance("", "abc", 5), 3U);
  EXPECT_EQ(EditDistance("abc", "", 5), 3U);
}

TEST(EditDistance, StopsAtTheLimit) {
  EXPECT_EQ(EditDistance("abcdef", "uvwxyz", 2), 3U);
  EXPECT_EQ(EditDistance("a", "abcdefgh", 2), 3U);
}

TEST(EditDistance, ALimitChangesNothingBelowIt) {
  std::vector<std::string> words = {""};
  for (size_t i = 0; words[i].size() < 4; ++i) {
    for (const char* letter : {"a", "b"})
      words.push_back(words[i] + letter);
  }
  for (const std::string& left : words) {
    for (const std::string& right : words) {
      const size_t exact = EditDistance(left, right, 10);
      for (size_t limit = 0; limit < 4; ++limit)
        EXPECT_EQ(EditDistance(left, right, limit), std::min(exact, limit + 1)) << left << right;
    }
  }
}

TEST(IsCleanUtf8, AcceptsWhatRfc3629Allows) {
  EXPECT_TRUE(IsCleanUtf8(""));
  EXPECT_TRUE(IsCleanUtf8("plain"));
  EXPECT_TRUE(IsCleanUtf8("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  EXPECT_TRUE(IsCleanUtf8("\xF4\x8F\xBF\xBF"));
  EXPECT_TRUE(IsCleanUtf8("\xED\x9F\xBF"));
}

TEST(IsCleanUtf8, RefusesTheRest) {
  EXPECT_FALSE(IsCleanUtf8(std::string(1, '\0')));
  EXPECT_FALSE(IsCleanUtf8("\xFF"));
  EXPECT_FALSE(IsCleanUtf8("\x80"));
  EXPECT_FALSE(IsCleanUtf8("\xC3"));              // cut off
  EXPECT_FALSE(IsCleanUtf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(IsCleanUtf8("\xE0\x80\x80"));      // overlong
  EXPECT_FALSE(IsCleanUtf8("\xF0\x80\x80\x80"));  // overlong
  EXPECT_FALSE(IsCleanUtf8("\xED\xA0\x80"));      // a surrogate
  EXPECT_FALSE(IsCleanUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(IsCleanUtf8("\xE2\x28\xA1"));
}

TEST(CleanLength, EndsBeforeTheFirstBadCharacter) {
  EXPECT_EQ(CleanLength(""), 0U);
  EXPECT_EQ(CleanLength("\xC3\xA4x"), 3U);
  EXPECT_EQ(CleanLength("ab\x93"), 2U);
  EXPECT_EQ(CleanLength("a\xC3(b"), 1U);
  EXPECT_EQ(CleanLength("ab\xE2\x82"), 2U);
}

}  // namespace
}  // namespace socketd
