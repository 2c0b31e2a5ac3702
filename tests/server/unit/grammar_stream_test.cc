#include "server/unit/grammar_stream.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/exec.pb.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(Stream, InputAndOutputDiffer) {
  const auto parse = [](absl::string_view text, Direction direction) {
    return ParseStream(text, direction, Stage::kWritten);
  };
  for (const char* both : {"null", "tty", "socket", "file:/x"}) {
    EXPECT_THAT(parse(both, Direction::kInput), IsOk()) << both;
    EXPECT_THAT(parse(both, Direction::kOutput), IsOk()) << both;
  }
  for (const char* input : {"tty-force", "tty-fail"}) {
    EXPECT_THAT(parse(input, Direction::kInput), IsOk()) << input;
    EXPECT_THAT(parse(input, Direction::kOutput), FailsBecause("BAD_VALUE")) << input;
  }
  for (const char* output : {"inherit", "journal", "append:/x", "truncate:/x", "syslog+console"}) {
    EXPECT_THAT(parse(output, Direction::kOutput), IsOk()) << output;
    EXPECT_THAT(parse(output, Direction::kInput), FailsBecause("BAD_VALUE")) << output;
  }
  for (const char* bad : {"", "file", "file:x", "null:/x", "fd:x", "File:/x"})
    EXPECT_THAT(parse(bad, Direction::kOutput), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Stream, WhatOnlySystemdHasIsNamed) {
  const auto told = [](absl::string_view text) {
    const auto stream = ParseStream(text, Direction::kInput, Stage::kWritten);
    return std::string(stream.status().message());
  };
  for (const char* named : {"fd", "fd:web"})
    EXPECT_THAT(told(named), HasSubstr("no named descriptor: \"socket\"")) << named;
  EXPECT_THAT(told("data"), HasSubstr("file:PATH"));
}

TEST(Stream, ComesBack) {
  for (const char* text : {"null", "append:%t/x", "journal+console"}) {
    const auto stream = ParseStream(text, Direction::kOutput, Stage::kWritten);
    ASSERT_THAT(stream, IsOk());
    EXPECT_EQ(FormatStream(*stream), text);
  }
}

TEST(EnvironmentPath, MayBeOptional) {
  const auto file = ParseEnvironmentFile("-/etc/default/x", Stage::kExpanded);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->optional());
  EXPECT_EQ(file->path(), "/etc/default/x");
  EXPECT_EQ(FormatEnvironmentFile(*file), "-/etc/default/x");
  EXPECT_THAT(ParseEnvironmentFile("etc/x", Stage::kExpanded), FailsBecause("BAD_VALUE"));
}

TEST(WorkingDirectory, MayBeHome) {
  const auto home = ParseWorkingDirectory("-~", Stage::kExpanded);
  ASSERT_THAT(home, IsOk());
  EXPECT_TRUE(home->optional());
  EXPECT_EQ(FormatWorkingDirectory(*home), "-~");
  EXPECT_THAT(ParseWorkingDirectory("x", Stage::kExpanded), FailsBecause("BAD_VALUE"));
}

}  // namespace
}  // namespace socketd
