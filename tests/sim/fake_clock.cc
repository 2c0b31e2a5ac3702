#include "tests/sim/fake_clock.h"

#include <algorithm>
#include <utility>

namespace socketd::sim {
namespace {

constexpr int64_t kEpochSeconds = 1767225600;

}  // namespace

absl::Time FakeClock::wall() const {
  return absl::FromUnixSeconds(kEpochSeconds) + now_.since_start();
}

void FakeClock::After(absl::Duration span, std::function<void()> happen) {
  heap_.push_back(Happening{now_ + span, dice_.Next(), std::move(happen)});
  std::push_heap(heap_.begin(), heap_.end());
}

Instant FakeClock::next() const {
  return heap_.empty() ? Instant::Never() : heap_.front().when;
}

void FakeClock::RunDue() {
  while (!heap_.empty() && heap_.front().when <= now_) {
    std::pop_heap(heap_.begin(), heap_.end());
    const std::function<void()> happen = std::move(heap_.back().happen);
    heap_.pop_back();
    happen();
  }
}

void FakeClock::MoveTo(Instant when) {
  now_ = std::max(now_, when);
}

}  // namespace socketd::sim
