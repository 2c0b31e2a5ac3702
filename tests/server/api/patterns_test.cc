#include "server/api/patterns.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

TEST(PatternsTest, AnyOfThemCounts) {
  const absl::StatusOr<Patterns> patterns = Patterns::Parse({"units/web*", "*.target"}, "names");
  ASSERT_TRUE(patterns.ok());
  EXPECT_TRUE(patterns->Match("web.socket"));
  EXPECT_TRUE(patterns->Match("x.target"));
  EXPECT_FALSE(patterns->Match("x.socket"));
  EXPECT_TRUE(Patterns().Match("anything"));
}

TEST(PatternsTest, RefusesWhatIsTooMuch) {
  EXPECT_EQ(ReasonOf(Patterns::Parse({""}, "names").status()), "BAD_PATTERN");
  EXPECT_EQ(ReasonOf(Patterns::Parse({std::string(256, 'a')}, "names").status()), "BAD_PATTERN");
  EXPECT_EQ(ReasonOf(Patterns::Parse(std::vector<std::string>(257, "a"), "names").status()),
            "BAD_PATTERN");
}

}  // namespace
}  // namespace socketd
