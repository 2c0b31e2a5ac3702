#include "server/base/glob.h"

#include <fnmatch.h>

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(GlobTest, MatchesAsShellsDo) {
  EXPECT_TRUE(MatchesGlob("web.socket", "web.socket"));
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("*.socket", "web.socket"));
  EXPECT_FALSE(MatchesGlob("*.socket", "web.service"));
  EXPECT_TRUE(MatchesGlob("ssh@*.service", "ssh@1-127.0.0.1:22.service"));
  EXPECT_TRUE(MatchesGlob("?eb*", "web.socket"));
  EXPECT_FALSE(MatchesGlob("?", ""));
  EXPECT_TRUE(MatchesGlob("[a-w]eb", "web"));
  EXPECT_FALSE(MatchesGlob("[!a-w]eb", "web"));
  EXPECT_TRUE(MatchesGlob("[]x]", "]"));
  EXPECT_TRUE(MatchesGlob("\\*", "*"));
  EXPECT_FALSE(MatchesGlob("\\*", "x"));
}

// The C library knows what a pattern means; short random ones cover the corners.
TEST(GlobTest, AgreesWithTheCLibrary) {
  std::mt19937 random(4711);
  const std::string pattern_letters = "ab*?[]!-";
  const std::string text_letters = "ab-!";
  for (int round = 0; round < 200'000; ++round) {
    std::string pattern;
    std::string text;
    for (auto n = random() % 7; n > 0; --n)
      pattern += pattern_letters[random() % pattern_letters.size()];
    for (auto n = random() % 5; n > 0; --n)
      text += text_letters[random() % text_letters.size()];
    const bool expected = fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
    ASSERT_EQ(MatchesGlob(pattern, text), expected) << pattern << " on " << text;
  }
}

TEST(GlobTest, ManyStarsDoNotExplode) {
  std::string pattern;
  for (int i = 0; i < 80; ++i)
    pattern += "*a";
  EXPECT_FALSE(MatchesGlob(pattern + "b", std::string(255, 'a')));
}

}  // namespace
}  // namespace socketd
