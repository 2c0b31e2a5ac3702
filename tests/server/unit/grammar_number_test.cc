#include "server/unit/grammar_number.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOkAndHolds;

TEST(Number, ReadsSystemdsBooleans) {
  for (const char* yes : {"1", "yes", "Y", "true", "T", "On"})
    EXPECT_THAT(ParseBoolean(yes), IsOkAndHolds(true)) << yes;
  for (const char* no : {"0", "no", "N", "False", "f", "OFF"})
    EXPECT_THAT(ParseBoolean(no), IsOkAndHolds(false)) << no;
  for (const char* bad : {"", "2", "yes ", "maybe"})
    EXPECT_THAT(ParseBoolean(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Number, ReadsIntegersInAnyBase) {
  EXPECT_THAT(ParseUnsigned("4294967295"), IsOkAndHolds(4294967295U));
  EXPECT_THAT(ParseUnsigned("0x1F"), IsOkAndHolds(31U));
  EXPECT_THAT(ParseUnsigned("0b101"), IsOkAndHolds(5U));
  EXPECT_THAT(ParseUnsigned("0o17"), IsOkAndHolds(15U));
  EXPECT_THAT(ParseUnsigned("18446744073709551615"), IsOkAndHolds(kNoLimit));
  for (const char* bad : {"", "-1", "1x", "18446744073709551616", "0x", "08", " 1"})
    EXPECT_THAT(ParseUnsigned(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Number, KeepsToTheRange) {
  EXPECT_THAT(ParseInteger("-20", {-20, 19}), IsOkAndHolds(-20));
  EXPECT_THAT(ParseInteger("+19", {-20, 19}), IsOkAndHolds(19));
  for (const char* bad : {"-21", "20", "--1", "", "-", "9223372036854775808"})
    EXPECT_THAT(ParseInteger(bad, {-20, 19}), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Number, ReadsSizes) {
  EXPECT_THAT(ParseSize("65536"), IsOkAndHolds(65536U));
  EXPECT_THAT(ParseSize("64K"), IsOkAndHolds(65536U));
  EXPECT_THAT(ParseSize("1.5M"), IsOkAndHolds(1572864U));
  EXPECT_THAT(ParseSize("7B"), IsOkAndHolds(7U));
  EXPECT_THAT(ParseSize("15E"), IsOkAndHolds(uint64_t{15} << 60));
  for (const char* bad : {"", "K", "1k", "16E", "1.K", "-1", "1.5.5K", "1KB"})
    EXPECT_THAT(ParseSize(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Number, WritesSizesThatReadBack) {
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{1024},
                         uint64_t{3} << 20, uint64_t{15} << 60, kNoLimit}) {
    EXPECT_THAT(ParseSize(FormatSize(bytes)), IsOkAndHolds(bytes)) << FormatSize(bytes);
  }
  EXPECT_EQ(FormatSize(65536), "64K");
}

TEST(Number, ReadsModes) {
  EXPECT_THAT(ParseMode("0660"), IsOkAndHolds(0660U));
  EXPECT_THAT(ParseMode("7777"), IsOkAndHolds(07777U));
  EXPECT_EQ(FormatMode(0660), "0660");
  for (const char* bad : {"", "8", "10000", "rw", "-1"})
    EXPECT_THAT(ParseMode(bad), FailsBecause("BAD_VALUE")) << bad;
}

struct LimitCase {
  const char* text;
  LimitUnit unit;
  uint64_t soft;
  uint64_t hard;
};

TEST(Number, ReadsAndWritesLimits) {
  const LimitCase cases[] = {
      {"1024:524288", LimitUnit::kNumber, 1024, 524288},
      {"infinity", LimitUnit::kNumber, kNoLimit, kNoLimit},
      {"5:infinity", LimitUnit::kNumber, 5, kNoLimit},
      {"64K:1M", LimitUnit::kBytes, 65536, 1048576},
      {"1min", LimitUnit::kSeconds, 60, 60},
      {"1500ms", LimitUnit::kSeconds, 2, 2},
      {"infinity", LimitUnit::kSeconds, kNoLimit, kNoLimit},
      {"315575999999s 500ms", LimitUnit::kSeconds, kNoLimit, kNoLimit},
      {"20", LimitUnit::kMicroseconds, 20, 20},
      {"1s", LimitUnit::kMicroseconds, 1000000, 1000000},
      {"-5", LimitUnit::kNice, 25, 25},
      {"+5", LimitUnit::kNice, 15, 15},
      {"40", LimitUnit::kNice, 40, 40},
  };
  for (const LimitCase& c : cases) {
    const auto limit = ParseLimit(c.text, c.unit);
    ASSERT_THAT(limit, testing::IsOk()) << c.text;
    EXPECT_EQ(limit->soft, c.soft) << c.text;
    EXPECT_EQ(limit->hard, c.hard) << c.text;
    const auto again = ParseLimit(FormatLimit(*limit, c.unit), c.unit);
    ASSERT_THAT(again, testing::IsOk()) << FormatLimit(*limit, c.unit);
    EXPECT_EQ(again->soft, c.soft) << c.text;
    EXPECT_EQ(again->hard, c.hard) << c.text;
  }
}

TEST(Number, RefusesBadLimits) {
  EXPECT_THAT(ParseLimit("2:1", LimitUnit::kNumber), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(ParseLimit("", LimitUnit::kNumber), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(ParseLimit("1:", LimitUnit::kNumber), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(ParseLimit("1:2:3", LimitUnit::kNumber), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(ParseLimit("41", LimitUnit::kNice), FailsBecause("BAD_VALUE"));
  EXPECT_THAT(ParseLimit("+20", LimitUnit::kNice), FailsBecause("BAD_VALUE"));
}

}  // namespace
}  // namespace socketd
