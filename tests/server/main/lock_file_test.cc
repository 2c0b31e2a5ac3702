#include "server/main/lock_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
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

TEST_F(LockFileTest, AFolderThatIsNotThereIsNamed) {
  const absl::Status status = LockFile::Take(folder_ + "/no/lock").status();
  EXPECT_EQ(FactsOf(status)["path"], folder_ + "/no/lock");
}

}  // namespace
}  // namespace socketd
