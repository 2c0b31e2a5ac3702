#include "server/main/lock_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

class LockFileTest : public testing::Test {
 protected:
  LockFileTest() { EXPECT_NE(mkdtemp(folder_.data()), nullptr); }
  ~LockFileTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_ = "/tmp/sdXXXXXX";
};

TEST_F(LockFileTest, TheSecondIsRefusedAndToldWhoHoldsIt) {
  const std::string path = folder_ + "/lock";
  absl::StatusOr<LockFile> first = LockFile::Take(path);
  ASSERT_TRUE(first.ok());
  const absl::Status second = LockFile::Take(path).status();
  EXPECT_EQ(ReasonOf(second), "ALREADY_RUNNING");
  EXPECT_EQ(FactsOf(second)["pid"], std::to_string(getpid()));
  {
    const LockFile dropped = *std::move(first);
  }
  EXPECT_TRUE(LockFile::Take(path).ok());
}

TEST_F(LockFileTest, NobodyElseCanOpenIt) {
  const std::string path = folder_ + "/lock";
  ASSERT_TRUE(LockFile::Take(path).ok());
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);  // as one of before may be
  ASSERT_TRUE(LockFile::Take(path).ok());
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(LockFileTest, ALinkInItsPlaceIsNotFollowed) {
  const std::string victim = folder_ + "/victim";
  std::ofstream(victim) << "precious";
  ASSERT_EQ(symlink(victim.c_str(), (folder_ + "/lock").c_str()), 0);
  EXPECT_FALSE(LockFile::Take(folder_ + "/lock").ok());
  EXPECT_EQ(std::filesystem::file_size(victim), 8U);
}

TEST_F(LockFileTest, AFolderThatIsNotThereIsNamed) {
  const absl::Status status = LockFile::Take(folder_ + "/no/lock").status();
  EXPECT_EQ(FactsOf(status)["path"], folder_ + "/no/lock");
}

TEST_F(LockFileTest, AnotherProgramGoesOnHoldingIt) {
  const std::string path = folder_ + "/lock";
  absl::StatusOr<LockFile> first = LockFile::Take(path);
  ASSERT_TRUE(first.ok());
  const int number = dup(first->number());
  {
    const LockFile dropped = *std::move(first);
  }
  const absl::StatusOr<LockFile> second = LockFile::Adopt(number);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->number(), number);
  EXPECT_EQ(ReasonOf(LockFile::Take(path).status()), "ALREADY_RUNNING");
  EXPECT_EQ(ReasonOf(LockFile::Adopt(-1).status()), "LOCK_LOST");
}

}  // namespace
}  // namespace socketd
