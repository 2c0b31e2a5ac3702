#include "server/base/log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(Log, OneLineWithItsFactsQuotedWhereNeeded) {
  CaptureStderr();
  Log(Level::kInfo, "unit.moved", {{"unit", "web.socket"}, {"why", "two words\n"}});
  const std::string text = GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("info unit.moved unit=web.socket why=\"two words\\n\"\n"));
}

TEST(Log, AFailureBringsCodeAndMessage) {
  CaptureStderr();
  LogFailure(Level::kWarning, "spawn.failed",
             Error(absl::StatusCode::kNotFound, "X", "no such file"), {{"unit", "a.service"}});
  EXPECT_THAT(
      GetCapturedStderr(),
      HasSubstr("warning spawn.failed unit=a.service code=NOT_FOUND error=\"no such file\"\n"));
}

TEST(Log, WhatIsBelowTheLevelIsNotWritten) {
  SetLogLevel(Level::kWarning);
  CaptureStderr();
  EXPECT_FALSE(LogEnabled(Level::kInfo));
  Log(Level::kInfo, "unit.moved");
  EXPECT_EQ(GetCapturedStderr(), "");
  SetLogLevel(Level::kInfo);
  EXPECT_TRUE(LogEnabled(Level::kInfo));
}

TEST(Log, TheAsynchronousSinkWritesEverythingBeforeItStops) {
  CaptureStderr();
  StartLog();
  for (int i = 0; i < 100; ++i)
    Log(Level::kInfo, "tick", {{"number", std::to_string(i)}});
  StopLog();
  Log(Level::kInfo, "after");
  const std::string text = GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("tick number=0\n"));
  EXPECT_THAT(text, HasSubstr("tick number=99\n"));
  EXPECT_THAT(text, HasSubstr("after\n"));
}

}  // namespace
}  // namespace socketd
