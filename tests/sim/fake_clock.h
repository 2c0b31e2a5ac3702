// Virtual time, and what will happen in it. Time moves only when somebody moves it: Poll of the
// fake kernel jumps to the next happening or deadline. Happenings of one instant come in an order
// that the seed picks.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/time/time.h"

#include "server/base/instant.h"
#include "tests/sim/dice.h"

namespace socketd::sim {

class FakeClock {
 public:
  explicit FakeClock(Dice& dice) : dice_(dice) {}

  Instant now() const { return now_; }
  // 2026-01-01 00:00 UTC and what has passed since.
  absl::Time wall() const;

  void After(absl::Duration span, std::function<void()> happen);
  // Instant::Never() if nothing is to come.
  Instant next() const;
  // Lets happen what is due, and what that leads to at the same instant.
  void RunDue();
  // Never backwards.
  void MoveTo(Instant when);

 private:
  struct Happening {
    Instant when;
    uint64_t tie = 0;
    std::function<void()> happen;
    // A heap has its greatest on top.
    friend bool operator<(const Happening& left, const Happening& right) {
      return left.when == right.when ? left.tie > right.tie : left.when > right.when;
    }
  };

  Dice& dice_;
  Instant now_ = Instant::After(absl::Seconds(100));
  std::vector<Happening> heap_;
};

}  // namespace socketd::sim
