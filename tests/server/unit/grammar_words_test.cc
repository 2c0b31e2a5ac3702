#include "server/unit/grammar_words.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using testing::FailsBecause;
using ::testing::IsEmpty;

std::vector<std::string> Split(absl::string_view text) {
  std::vector<std::string> texts;
  const auto words = SplitWords(text);
  if (!words.ok()) return {"<bad>"};
  for (const Word& word : *words)
    texts.push_back(word.text);
  return texts;
}

TEST(Words, SplitAtBlanks) {
  EXPECT_THAT(Split(" a\tb  c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Split("  "), IsEmpty());
}

TEST(Words, QuotesHoldTogetherAlsoInMidWord) {
  EXPECT_THAT(Split("'a b' \"c d\" e=\"f g\"h ''"), ElementsAre("a b", "c d", "e=f gh", ""));
  EXPECT_THAT(Split("\"it's\""), ElementsAre("it's"));
}

TEST(Words, ResolveEscapes) {
  EXPECT_THAT(Split("a\\tb \\x41 \\101 \\u00e4 \\U0001F600 \\s \\\\ \\\" \\'"),
              ElementsAre("a\tb", "A", "A", "\xC3\xA4", "\xF0\x9F\x98\x80", " ", "\\", "\"", "'"));
}

TEST(Words, KeepForeignEscapesAndSayIt) {
  const auto words = SplitWords("s/\\./x/ plain");
  ASSERT_THAT(words, testing::IsOk());
  EXPECT_EQ((*words)[0].text, "s/\\./x/");
  EXPECT_TRUE((*words)[0].odd_escape);
  EXPECT_FALSE((*words)[1].odd_escape);
}

TEST(Words, TellHowTheyWereWritten) {
  const auto words = SplitWords("  a\\x41\"b c\"  ';' ;");
  ASSERT_THAT(words, testing::IsOk());
  ASSERT_EQ(words->size(), 3U);
  EXPECT_EQ((*words)[0].written, "a\\x41\"b c\"");
  EXPECT_EQ((*words)[1].written, "';'");
  EXPECT_EQ((*words)[2].written, ";");
}

TEST(Words, RefuseOpenEnds) {
  for (const char* bad : {"\"a", "'a", "a\\", "\\x00", "\\000", "\\uD800", "\\U00110000"})
    EXPECT_THAT(SplitWords(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Words, EscapesOfBytesMakeTextOrAreRefused) {
  EXPECT_THAT(Split("\\xC3\\xA4 \\303\\244"), ElementsAre("\xC3\xA4", "\xC3\xA4"));
  for (const char* bad :
       {"De\\x93cription", "\\377", "\\xC3", "\xC3\xA4\\xA4", "'\\xED\\xA0\\x80'"})
    EXPECT_THAT(SplitWords(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Words, EveryByteComesBack) {
  std::string all;
  for (int c = 1; c < 128; ++c)
    all += static_cast<char>(c);
  for (const std::string& word :
       {all, std::string(), std::string(";"), std::string("a b"), std::string("%i ${X} $$"),
        std::string("\\"), std::string("'\""), std::string("\xC3\xA4"), std::string("#x")}) {
    EXPECT_THAT(Split(QuoteWord(word)), ElementsAre(word)) << QuoteWord(word);
  }
  EXPECT_EQ(QuoteWord("plain"), "plain");
}

}  // namespace
}  // namespace socketd
