#include "server/loop/timers.h"

#include "server/base/check.h"

namespace socketd {

Timer::Timer(Timer&& other) noexcept {
  *this = std::move(other);
}

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  Disarm();
  timers_ = std::exchange(other.timers_, nullptr);
  key_ = other.key_;
  if (timers_ != nullptr) timers_->armed_.at(key_).first = this;
  return *this;
}

Timer::~Timer() {
  Disarm();
}

void Timer::Disarm() {
  if (timers_ != nullptr) timers_->armed_.erase(key_);
  timers_ = nullptr;
}

Timers::~Timers() {
  for (auto& [key, armed] : armed_) {
    if (armed.first != nullptr) armed.first->timers_ = nullptr;
  }
}

Timer Timers::At(Instant deadline, std::function<void()> fire) {
  const Timer::Key key{deadline, next_++};
  armed_.emplace(key, std::pair<Timer*, std::function<void()>>(nullptr, std::move(fire)));
  Timer timer(*this, key);
  armed_.at(key).first = &timer;
  return timer;
}

Instant Timers::NextDeadline() const {
  return armed_.empty() ? Instant::Never() : armed_.begin()->first.first;
}

void Timers::Fire(Instant now) {
  const uint64_t limit = next_;
  for (auto at = armed_.begin(); at != armed_.end() && at->first.first <= now;) {
    if (at->first.second >= limit) {
      ++at;
      continue;
    }
    const std::function<void()> fire = std::move(at->second.second);
    if (at->second.first != nullptr) at->second.first->timers_ = nullptr;
    armed_.erase(at);
    fire();
    at = armed_.begin();  // `fire` may have armed and disarmed anything
  }
}

void Timers::Postpone(absl::Duration span) {
  auto before = std::exchange(armed_, {});
  for (auto& [key, armed] : before) {
    const Timer::Key moved{key.first + span, key.second};
    if (armed.first != nullptr) armed.first->key_ = moved;
    armed_.emplace(moved, std::move(armed));
  }
}

}  // namespace socketd
