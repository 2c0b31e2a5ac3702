#include "server/loop/mailbox.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::FailsWith;
using ::socketd::testing::IsOk;
using ::testing::ElementsAre;

TEST(Mailbox, GivesWhatCameInOrderAndOnce) {
  Mailbox mailbox(10, [] {});
  std::vector<int> done;
  ASSERT_THAT(mailbox.Post([&] { done.push_back(1); }), IsOk());
  ASSERT_THAT(mailbox.Post([&] { done.push_back(2); }), IsOk());
  for (const auto& closure : mailbox.Take())
    closure();
  EXPECT_THAT(done, ElementsAre(1, 2));
  EXPECT_TRUE(mailbox.Take().empty());
}

TEST(Mailbox, WakesWhenItWasEmpty) {
  int woken = 0;
  Mailbox mailbox(10, [&] { ++woken; });
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  EXPECT_EQ(woken, 1);
  mailbox.Take();
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  EXPECT_EQ(woken, 2);
}

TEST(Mailbox, RefusesWhenFullAndTakesAgainWhenEmptied) {
  Mailbox mailbox(2, [] {});
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  EXPECT_THAT(mailbox.Post([] {}), FailsBecause("MAILBOX_FULL"));
  EXPECT_THAT(mailbox.Post([] {}), FailsWith(absl::StatusCode::kUnavailable));
  EXPECT_EQ(mailbox.Take().size(), 2U);
  EXPECT_THAT(mailbox.Post([] {}), IsOk());
}

TEST(Mailbox, RefusesWhenClosedButGivesWhatWasThere) {
  Mailbox mailbox(10, [] {});
  ASSERT_THAT(mailbox.Post([] {}), IsOk());
  mailbox.Close();
  EXPECT_THAT(mailbox.Post([] {}), FailsBecause("SHUTTING_DOWN"));
  EXPECT_EQ(mailbox.Take().size(), 1U);
}

TEST(Mailbox, LosesNothingFromManyThreads) {
  constexpr size_t kThreads = 8;
  constexpr size_t kEach = 2000;
  std::atomic<int> woken{0};
  Mailbox mailbox(kThreads * kEach, [&] { ++woken; });
  std::vector<size_t> next(kThreads, 0);
  size_t run = 0;
  const auto run_one = [&](size_t thread, size_t i) {
    // Each thread's own closures keep their order.
    EXPECT_EQ(next[thread]++, i);
    ++run;
  };
  const auto post = [&](size_t thread) {
    for (size_t i = 0; i < kEach; ++i)
      EXPECT_THAT(mailbox.Post([&, thread, i] { run_one(thread, i); }), IsOk());
  };
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back(post, thread);
  while (run < kThreads * kEach) {
    for (const auto& closure : mailbox.Take())
      closure();
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(run, kThreads * kEach);
  EXPECT_GE(woken.load(), 1);
}

}  // namespace
}  // namespace socketd
