#include "server/unit/grammar_span.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOkAndHolds;

absl::StatusOr<absl::Duration> Parse(absl::string_view text) {
  return ParseSpan(text, absl::Seconds(1));
}

TEST(Span, ReadsWhatSystemdWrites) {
  EXPECT_THAT(Parse("20"), IsOkAndHolds(absl::Seconds(20)));
  EXPECT_THAT(Parse("0"), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_THAT(Parse("5min 20s"), IsOkAndHolds(absl::Seconds(320)));
  EXPECT_THAT(Parse("1h30m"), IsOkAndHolds(absl::Minutes(90)));
  EXPECT_THAT(Parse("500ms"), IsOkAndHolds(absl::Milliseconds(500)));
  EXPECT_THAT(Parse("1.5h"), IsOkAndHolds(absl::Minutes(90)));
  EXPECT_THAT(Parse(".5"), IsOkAndHolds(absl::Milliseconds(500)));
  EXPECT_THAT(Parse("2 weeks"), IsOkAndHolds(absl::Hours(336)));
  EXPECT_THAT(Parse("3 \xC2\xB5s"), IsOkAndHolds(absl::Microseconds(3)));
  EXPECT_THAT(ParseSpan("7", absl::Microseconds(1)), IsOkAndHolds(absl::Microseconds(7)));
}

TEST(Span, MonthsAndMinutesDiffer) {
  EXPECT_THAT(Parse("1M"), IsOkAndHolds(absl::Seconds(2629800)));
  EXPECT_THAT(Parse("1m"), IsOkAndHolds(absl::Minutes(1)));
}

TEST(Span, RefusesTheRest) {
  for (const char* bad : {"", " ", "-1", "1.", "x", "1 fortnight", "99999999999999999999",
                          "400000000000", "infinity 1s"}) {
    EXPECT_THAT(Parse(bad), FailsBecause("BAD_VALUE")) << bad;
  }
}

TEST(Span, ABareNumberIsSecondsAnywhere) {
  EXPECT_THAT(Parse("1s 2"), IsOkAndHolds(absl::Seconds(3)));
}

TEST(Span, InfinityIsTheLongest) {
  const auto infinity = Parse("infinity");
  ASSERT_THAT(infinity, testing::IsOk());
  EXPECT_TRUE(IsLongestSpan(*infinity));
  EXPECT_EQ(FormatSpan(*infinity), "infinity");
  EXPECT_FALSE(IsLongestSpan(absl::Hours(1)));
}

TEST(Span, WritesWhatReadsBack) {
  for (absl::Duration span :
       {absl::ZeroDuration(), absl::Seconds(90), absl::Milliseconds(100), absl::Microseconds(1),
        absl::Hours(100000) + absl::Seconds(1) + absl::Microseconds(5)}) {
    EXPECT_THAT(Parse(FormatSpan(span)), IsOkAndHolds(span)) << FormatSpan(span);
  }
  EXPECT_EQ(FormatSpan(absl::Seconds(90)), "1min 30s");
  EXPECT_EQ(FormatSpan(-absl::Seconds(90)), "-1min 30s");
}

}  // namespace
}  // namespace socketd
