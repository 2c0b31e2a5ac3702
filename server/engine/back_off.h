// Waits that double from one time to the next, up to a most, and begin anew once what they wait for
// has gone well for long enough. Values; no clock of its own.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

#include "server/base/instant.h"

namespace socketd {

class BackOff {
 public:
  BackOff(absl::Duration first, absl::Duration most) : first_(first), most_(most) {}

  // The wait that begins at `now`: the first one again, if all went well for the length of the last
  // wait and `window` since its end.
  absl::Duration Next(Instant now, absl::Duration window = absl::InfiniteDuration()) {
    const bool calm = last_ == absl::ZeroDuration() || now - end_ >= last_ + window;
    last_ = calm ? first_ : std::min(2 * last_, most_);
    end_ = now + last_;
    return last_;
  }

  // The next wait is the first one again.
  void Reset() { last_ = absl::ZeroDuration(); }

 private:
  absl::Duration first_;
  absl::Duration most_;
  absl::Duration last_;  // 0: there was none yet
  Instant end_;
};

}  // namespace socketd
