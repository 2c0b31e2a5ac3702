// When to take a look that is dear: at once, and after each time that all was well twice as seldom,
// up to one time in sixteen. Values; engine thread.
#pragma once

#include <algorithm>

namespace socketd {

class SpotCheck {
 public:
  // Whether this time is one to look.
  bool Due() {
    if (left_ == 0) return true;
    --left_;
    return false;
  }

  // The look showed that all is well.
  void Passed() {
    skips_ = std::min(2 * skips_ + 1, kMost);
    left_ = skips_;
  }

  // Nothing is known any more.
  void Reset() { skips_ = left_ = 0; }

 private:
  static constexpr int kMost = 15;
  int skips_ = 0;  // after the last look
  int left_ = 0;   // of them
};

}  // namespace socketd
