#include "server/main/handed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/linux_deposit.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;

std::vector<int> In(const Numbers& numbers) {
  std::vector<int> all;
  numbers.ForEach([&all](int number) { all.push_back(number); });
  return all;
}

// Numbers from 3 on belong to whoever runs the test: what is done with them is done in a child,
// which says by its exit status whether it went well.
void InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    for (int number = 3; number < 64; ++number)
      close(number);
    body();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

void Say(int pid, int count, const std::string& names) {
  setenv("LISTEN_PID", absl::StrCat(pid).c_str(), 1);
  setenv("LISTEN_FDS", absl::StrCat(count).c_str(), 1);
  setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

TEST(HandedTest, NothingIsThere) {
  InChild([] {
    const Handed handed = TakeHanded();
    EXPECT_EQ(handed.numbers, nullptr);
    EXPECT_EQ(handed.memory, -1);
    EXPECT_EQ(handed.life, 0);
  });
}

TEST(HandedTest, WhatIsForSomebodyElseIsLeftAlone) {
  InChild([] {
    EXPECT_EQ(open("/dev/null", O_RDONLY), 3);
    Say(getpid() + 1, 1, "api");
    EXPECT_EQ(TakeHanded().numbers, nullptr);
    EXPECT_EQ(fcntl(3, F_GETFD), 0);
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  });
}

// Of serial number 3, at number 9.
constexpr uint64_t kKept = uint64_t{3} * Numbers::kMost + 9;

TEST(HandedTest, BagsAreEmptiedAndTheLastLifeIsFound) {
  InChild([] {
    std::vector<int> given;
    const auto give = [&given](const UniqueFd& bag) {
      given.push_back(fcntl(bag.get(), F_DUPFD, 20));
      return absl::OkStatus();
    };
    {
      Deposit deposit(give);
      const UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
      const UniqueFd two(open("/dev/zero", O_RDONLY | O_CLOEXEC));
      deposit.Add(one.get());
      deposit.Add(two.get(), kKept);
    }
    ASSERT_EQ(given.size(), 1U);
    // Twice, as from a life that ended while it was taking over.
    EXPECT_EQ(dup2(given[0], 4), 4);
    EXPECT_EQ(dup2(given[0], 5), 5);
    close(given[0]);
    EXPECT_EQ(open("/dev/null", O_RDONLY), 3);
    Say(getpid(), 3, absl::StrCat("api:", BagName(12), ":", BagName(13)));
    const Handed handed = TakeHanded();
    EXPECT_EQ(handed.life, 13);
    EXPECT_EQ(handed.first_life, 12);
    ASSERT_NE(handed.numbers, nullptr);
    // One has its number again, the other one is out of everybody's way.
    EXPECT_THAT(In(*handed.numbers), ElementsAre(3, 9, Gt(100), Gt(100)));
    EXPECT_THAT(handed.kept, ElementsAre(kKept));
    for (const int number : In(*handed.numbers))
      EXPECT_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(4, F_GETFD), -1);
    EXPECT_EQ(fcntl(5, F_GETFD), -1);
  });
}

TEST(HandedTest, MemoryMustNotBeAbleToShrink) {
  InChild([] {
    EXPECT_EQ(memfd_create("free", MFD_ALLOW_SEALING), 3);
    EXPECT_EQ(memfd_create("sealed", MFD_ALLOW_SEALING), 4);
    EXPECT_EQ(fcntl(4, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    Say(getpid(), 2, absl::StrCat(kMemoryName, ":", kMemoryName));
    const Handed handed = TakeHanded();
    EXPECT_THAT(handed.memory, Gt(100));
    EXPECT_THAT(In(*handed.numbers), ElementsAre(3));
  });
}

TEST(HandedTest, NonsenseIsNoFailure) {
  InChild([] {
    Say(getpid(), -5, "");
    EXPECT_EQ(TakeHanded().numbers, nullptr);
    EXPECT_EQ(open("/dev/null", O_RDONLY), 3);
    Say(getpid(), 1, "socketd-bags-99999999999999999999");
    const Handed handed = TakeHanded();
    EXPECT_EQ(handed.life, 0);
    EXPECT_THAT(In(*handed.numbers), ElementsAre(3));
  });
  InChild([] {
    // Not a bag, though it has a bag's name: it is emptied of nothing.
    EXPECT_EQ(open("/dev/null", O_RDONLY), 3);
    Say(getpid(), 1, BagName(1));
    EXPECT_THAT(In(*TakeHanded().numbers), IsEmpty());
  });
}

}  // namespace
}  // namespace socketd
