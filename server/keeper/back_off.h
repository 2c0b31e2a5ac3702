// When the next daemon starts, and how. Times are milliseconds of a clock that never runs
// backwards.
#pragma once

#include <cstdint>

namespace socketd {

class CrashHistory {
 public:
  static constexpr int64_t kPeace = 60'000;    // a life this long forgives what was before
  static constexpr int64_t kFirst = 100;       // delay of the second restart, doubled by each more
  static constexpr int64_t kLongest = 10'000;  // up to this
  static constexpr int kHoldAfter = 5;         // crashes within kPeace: activation is held

  // A daemon ended at `now` that was started at `started`.
  void Add(int64_t started, int64_t now) {
    Forgive(started, now);
    ++in_a_row_;
    times_[next_] = now;
    next_ = (next_ + 1) % kHoldAfter;
    hold_ = in_a_row_ >= kHoldAfter && now - times_[next_] < kPeace;
  }
  // The same for one whose end was no crash.
  void Forgive(int64_t started, int64_t now) {
    if (now - started < kPeace) return;
    in_a_row_ = 0;
    hold_ = false;
  }
  // How long after the last crash the next daemon starts.
  int64_t delay() const {
    if (in_a_row_ < 2) return 0;
    const int doublings = in_a_row_ - 2 < 7 ? in_a_row_ - 2 : 7;
    const int64_t delay = kFirst << doublings;
    return delay < kLongest ? delay : kLongest;
  }
  // It is to start nothing for those who come.
  bool hold() const { return hold_; }
  int in_a_row() const { return in_a_row_; }

 private:
  int in_a_row_ = 0;
  int next_ = 0;  // the oldest of the last kHoldAfter
  bool hold_ = false;
  int64_t times_[kHoldAfter] = {};
};

}  // namespace socketd
