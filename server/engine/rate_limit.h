// At most so many in a span: the start limit of units and the trigger limit of sockets. A window
// opens with the first and is counted as a whole, as systemd does. Values; no clock of its own.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

#include "server/base/instant.h"

namespace socketd {

struct RateLimit {
  absl::Duration interval;  // 0: no limit
  uint32_t burst = 0;       // 0: no limit

  bool limits() const { return interval > absl::ZeroDuration() && burst != 0; }
};

class RateWindow {
 public:
  RateWindow() = default;
  // One that was counted so far.
  RateWindow(Instant opened, uint32_t count) : opened_(opened), count_(count) {}
  Instant opened() const { return opened_; }
  uint32_t count() const { return count_; }

  // Whether one more at `now` would be one too many.
  bool Full(const RateLimit& limit, Instant now) const {
    return limit.limits() && count_ >= limit.burst && now - opened_ < limit.interval;
  }

  // Counts one at `now`; false if that is one too many.
  bool Admit(const RateLimit& limit, Instant now) {
    if (!limit.limits()) return true;
    if (Full(limit, now)) return false;
    if (count_ == 0 || now - opened_ >= limit.interval) {
      opened_ = now;
      count_ = 0;
    }
    ++count_;
    return true;
  }

  // When the window that counts now is over.
  Instant End(const RateLimit& limit) const { return opened_ + limit.interval; }

  void Reset() { count_ = 0; }

 private:
  Instant opened_;
  uint32_t count_ = 0;
};

}  // namespace socketd
