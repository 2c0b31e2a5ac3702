// A point on the monotonic clock (CLOCK_MONOTONIC, clock_gettime(2)). Deadlines are Instants, spans
// are absl::Duration, stamps for people are absl::Time; the three do not mix.
#pragma once

#include "absl/time/time.h"

namespace socketd {

class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant Start() { return Instant(); }
  static constexpr Instant Never() { return Instant(absl::InfiniteDuration()); }
  static constexpr Instant After(absl::Duration since_start) { return Instant(since_start); }

  constexpr absl::Duration since_start() const { return since_start_; }
  constexpr bool never() const { return since_start_ == absl::InfiniteDuration(); }

  friend Instant operator+(Instant at, absl::Duration span) {
    return Instant(at.since_start_ + span);
  }
  friend absl::Duration operator-(Instant left, Instant right) {
    return left.since_start_ - right.since_start_;
  }
  friend constexpr bool operator==(Instant left, Instant right) {
    return left.since_start_ == right.since_start_;
  }
  friend constexpr bool operator!=(Instant left, Instant right) { return !(left == right); }
  friend constexpr bool operator<(Instant left, Instant right) {
    return left.since_start_ < right.since_start_;
  }
  friend constexpr bool operator>(Instant left, Instant right) { return right < left; }
  friend constexpr bool operator<=(Instant left, Instant right) { return !(right < left); }
  friend constexpr bool operator>=(Instant left, Instant right) { return !(left < right); }

 private:
  constexpr explicit Instant(absl::Duration since_start) : since_start_(since_start) {}

  absl::Duration since_start_;
};

}  // namespace socketd
