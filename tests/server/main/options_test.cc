#include "server/main/options.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OptionsTest : public ::testing::Test {
 protected:
  OptionsOrExit Read(std::vector<const char*> words) {
    words.insert(words.begin(), "socketd");
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    OptionsOrExit line =
        ReadOptions(static_cast<int>(words.size()), words.data(),
                    {is_root_, [this](const char* name) { return environment_[name]; }});
    said_ = ::testing::internal::GetCapturedStderr();
    shown_ = ::testing::internal::GetCapturedStdout();
    return line;
  }

  bool is_root_ = true;
  std::map<std::string, std::string> environment_;
  std::string said_;   // standard error
  std::string shown_;  // standard output
};

TEST_F(OptionsTest, RootHasTheFoldersOfTheSystem) {
  const OptionsOrExit line = Read({});
  ASSERT_FALSE(line.exit_code.has_value());
  EXPECT_EQ(line.options.runtime_dir, "/run/socketd");
  EXPECT_EQ(line.options.state_dir, "/var/lib/socketd");
  EXPECT_EQ(line.options.create_path, "/var/lib/socketd/units");
  EXPECT_THAT(line.options.unit_paths,
              ElementsAre("/etc/socketd/units", "/run/socketd/units", "/var/lib/socketd/units",
                          "/usr/lib/socketd/units"));
  ASSERT_THAT(line.options.listen, SizeIs(1));
  EXPECT_EQ(ToText(line.options.listen[0].address), "/run/socketd/api.sock");
}

TEST_F(OptionsTest, AUserHasFoldersOfTheirOwn) {
  is_root_ = false;
  environment_ = {{"XDG_RUNTIME_DIR", "/run/user/1000"}, {"HOME", "/home/u"}};
  const OptionsOrExit line = Read({});
  ASSERT_FALSE(line.exit_code.has_value());
  EXPECT_EQ(line.options.runtime_dir, "/run/user/1000/socketd");
  EXPECT_EQ(line.options.state_dir, "/home/u/.local/state/socketd");
  EXPECT_THAT(line.options.unit_paths,
              ElementsAre("/home/u/.config/socketd/units", "/run/user/1000/socketd/units",
                          "/home/u/.local/state/socketd/units"));
}

TEST_F(OptionsTest, AUserWithoutFoldersIsToldWhatIsMissing) {
  is_root_ = false;
  EXPECT_EQ(Read({}).exit_code, 2);
  EXPECT_THAT(said_, HasSubstr("XDG_RUNTIME_DIR"));
}

TEST_F(OptionsTest, WhatIsGivenCounts) {
  const OptionsOrExit line =
      Read({"--unit-path", "/a:/b", "--state-dir", "/s", "--runtime-dir", "/r", "--listen",
            "unix:/x", "--listen", "tcp:127.0.0.1:0", "--log-level", "debug", "--start", "a.socket",
            "--start", "b.service"});
  ASSERT_FALSE(line.exit_code.has_value()) << said_;
  EXPECT_THAT(line.options.unit_paths, ElementsAre("/a", "/b", "/s/units"));
  EXPECT_THAT(line.options.listen, SizeIs(2));
  EXPECT_EQ(line.options.log_level, Level::kDebug);
  EXPECT_THAT(line.options.start, ElementsAre("a.socket", "b.service"));
}

TEST_F(OptionsTest, MisuseIsToldInOneLine) {
  const std::vector<std::vector<const char*>> misuses = {{"--nonsense"},
                                                         {"--log-level", "loud"},
                                                         {"--listen", "tcp:0.0.0.0:1"},
                                                         {"--unit-path", "relative"},
                                                         {"--state-dir", "relative"},
                                                         {"word"}};
  for (const std::vector<const char*>& words : misuses) {
    EXPECT_EQ(Read(words).exit_code, 2) << words[0];
    EXPECT_THAT(said_, ::testing::StartsWith("socketd: ")) << words[0];
    EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << said_;
  }
}

TEST_F(OptionsTest, HelpAndVersionAreNoMisuse) {
  EXPECT_EQ(Read({"--help"}).exit_code, 0);
  EXPECT_THAT(shown_, HasSubstr("--unit-path"));
  EXPECT_EQ(Read({"--version"}).exit_code, 0);
  EXPECT_THAT(shown_, HasSubstr("socketd 0."));
}

}  // namespace
}  // namespace socketd
