// Trees that are removed: whatever somebody has put into them.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

namespace fs = std::filesystem;

class TreeTest : public World {
 protected:
  void Put(const std::string& name) { std::ofstream(Path(name)) << "text"; }
  size_t Count(const std::string& path) {
    const fs::recursive_directory_iterator all(path);
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }
  // Polls that do not wait, until the folder of the test holds only `names`.
  int PollsUntilOnly(size_t names) {
    constexpr int kMost = 100'000;
    int polls = 0;
    for (; polls < kMost; ++polls) {
      const fs::directory_iterator all(Path(""));
      if (static_cast<size_t>(std::distance(begin(all), end(all))) == names) return polls;
      kernel().Poll(Instant::Start());
    }
    return polls;
  }
};

TEST_F(TreeTest, AWideTreeGoesInManyHelpings) {
  fs::create_directory(Path("tree"));
  for (int i = 0; i < 2000; ++i)
    Put(absl::StrCat("tree/", i));
  ASSERT_TRUE(kernel().RemoveTree(Path("tree")).ok());
  EXPECT_FALSE(fs::exists(Path("tree")));
  kernel().Poll(Instant::Start());
  EXPECT_GT(Count(Path("")), 1500U);
  EXPECT_LT(PollsUntilOnly(0), 100);
}

TEST_F(TreeTest, ADeepTreeNeedsNoDescriptorPerFolder) {
  constexpr int kDepth = 3000;
  UniqueFd at(open(Path("").c_str(), O_PATH | O_DIRECTORY));
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_EQ(mkdirat(at.get(), "tree", 0755), 0);
    close(openat(at.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    at.reset(openat(at.get(), "tree", O_PATH | O_DIRECTORY));
  }
  at.reset();
  ASSERT_TRUE(kernel().RemoveTree(Path("tree")).ok());
  EXPECT_LT(PollsUntilOnly(1), 4 * kDepth);
}

TEST_F(TreeTest, TheNameIsFreeAtOnce) {
  fs::create_directories(Path("tree/in"));
  Put("tree/in/text");
  ASSERT_TRUE(kernel().RemoveTree(Path("tree")).ok());
  fs::create_directory(Path("tree"));
  Put("tree/new");
  PollsUntilOnly(1);
  EXPECT_EQ(Contents(Path("tree/new")), "text");
}

TEST_F(TreeTest, AKernelThatGoesEndsWhatItBegan) {
  fs::create_directories(Path("tree/in"));
  for (int i = 0; i < 500; ++i)
    Put(absl::StrCat("tree/in/", i));
  auto other = LinuxKernel::Open({.executor = "server/exec/socketd-exec"});
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)->RemoveTree(Path("tree")).ok());
  other->reset();
  EXPECT_TRUE(fs::is_empty(Path("")));
}

TEST_F(TreeTest, NobodyIsLedThroughALinkOfAStranger) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  fs::create_directories(Path("victim/in"));
  Put("victim/in/text");
  fs::create_symlink(Path("victim"), Path("link"));
  ASSERT_EQ(lchown(Path("link").c_str(), 4711, 4711), 0);
  EXPECT_FALSE(kernel().RemoveTree(Path("link/in")).ok());
  EXPECT_EQ(Contents(Path("victim/in/text")), "text");
  // The link itself is nobody's way.
  EXPECT_TRUE(kernel().RemoveTree(Path("link")).ok());
  EXPECT_EQ(Contents(Path("victim/in/text")), "text");
}

TEST_F(TreeTest, WhatIsMountedIsNotEntered) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  fs::create_directories(Path("outside"));
  Put("outside/text");
  fs::create_directories(Path("tree/deep/mount"));
  Put("tree/deep/text");
  const std::string mounted = Path("tree/deep/mount");
  if (mount(Path("outside").c_str(), mounted.c_str(), "", MS_BIND, "") != 0)
    GTEST_SKIP() << "may not mount here";
  EXPECT_FALSE(kernel().RemoveTree(mounted).ok());
  ASSERT_TRUE(kernel().RemoveTree(Path("tree")).ok());
  for (int i = 0; i < 100; ++i)
    kernel().Poll(Instant::Start());
  EXPECT_EQ(Contents(Path("outside/text")), "text");
  std::string left;
  for (const auto& entry : fs::recursive_directory_iterator(Path("")))
    if (entry.path().filename() == "mount") left = entry.path();
  // All but the way to the mount is gone.
  EXPECT_FALSE(fs::exists(fs::path(left).parent_path() / "text"));
  EXPECT_EQ(umount2(left.c_str(), MNT_DETACH), 0) << left;
}

}  // namespace
}  // namespace socketd
