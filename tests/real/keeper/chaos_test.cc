// Everything that can befall a daemon and its guards, in an order that a seed picks, under load.
//   CHAOS_KILLS=1000 CHAOS_SEED=7 bazel-bin/tests/real/keeper/chaos_test --gtest_filter=*Killed*
//   CHAOS_STEPS=5000 CHAOS_SEED=7 bazel-bin/tests/real/keeper/chaos_test --gtest_filter=*Order*
#include <algorithm>
#include <atomic>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "tests/real/keeper/troubles.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

class ChaosTest : public Troubles {
 protected:
  void SetUp() override {
    Troubles::SetUp();
    std::cout << "CHAOS_SEED=" << seed_ << "\n";
  }
  std::mt19937_64& random() { return random_; }
  // A few answers later, and some instructions.
  void Linger() {
    AwaitAnswers(static_cast<int>(random_() % 12));
    for (uint64_t turns = random_() % 2000; turns > 0; --turns)
      std::atomic_signal_fence(std::memory_order_seq_cst);
  }

 private:
  const uint64_t seed_ = NumberFrom("CHAOS_SEED", std::random_device()());
  std::mt19937_64 random_{seed_};
};

TEST_F(ChaosTest, KilledAtAnyMomentNothingIsLost) {
  const uint64_t kills = NumberFrom("CHAOS_KILLS", 60);
  ASSERT_NO_FATAL_FAILURE(BeginLoad());
  std::vector<absl::Duration> spans;  // until the next daemon serves
  for (uint64_t kill = 0; kill < kills && !HasFailure(); ++kill) {
    Linger();
    const int pid = daemon().daemon_pid();
    const absl::Time begin = absl::Now();
    Kill(pid);
    EXPECT_TRUE(daemon().AwaitReady().ok());
    spans.push_back(absl::Now() - begin);
  }
  EndLoad();
  std::sort(spans.begin(), spans.end());
  std::cout << "killed to ready: median " << spans[spans.size() / 2] << ", worst " << spans.back()
            << "\n";
}

TEST_F(ChaosTest, InAnyOrderNothingIsLost) {
  const uint64_t steps = NumberFrom("CHAOS_STEPS", 80);
  ASSERT_NO_FATAL_FAILURE(BeginTroubles());
  std::vector<std::string> struck;
  for (uint64_t step = 0; step < steps && !HasFailure(); ++step) {
    Linger();
    struck.push_back(Strike(random()));
  }
  EndLoad();
  EndTroubles();
  const size_t shown = std::min<size_t>(struck.size(), 30);
  std::cout << "the last of " << struck.size() << " steps: "
            << absl::StrJoin(struck.end() - static_cast<ptrdiff_t>(shown), struck.end(), ", ")
            << "\n";
  EXPECT_EQ(*daemon().Stop(), 0);
  for (const char* name : {"socketd-keeper", "socketd-heir", "socketd"})
    EXPECT_EQ(daemon().Find(name), 0) << name;
  EXPECT_TRUE(WithEnvironment("SOCKETD_CHAOS=yes").empty());
}

}  // namespace
}  // namespace socketd::real
