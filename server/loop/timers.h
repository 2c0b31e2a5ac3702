// Deadlines as objects: destroying a Timer disarms it. Timers belongs to the event loop; both live
// on the engine thread. Firing order is by deadline, ties by age.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/time/time.h"

#include "server/base/instant.h"

namespace socketd {

class Timers;

class Timer {
 public:
  Timer() = default;
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer();

  explicit operator bool() const { return timers_ != nullptr; }
  Instant deadline() const { return key_.first; }

 private:
  friend class Timers;
  using Key = std::pair<Instant, uint64_t>;
  Timer(Timers& timers, Key key) : timers_(&timers), key_(key) {}
  void Disarm();

  Timers* timers_ = nullptr;
  Key key_{};
};

class Timers {
 public:
  Timers() = default;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  // Calls `fire` once at or after `deadline`. The Timer must be dropped before what `fire` uses.
  [[nodiscard]] Timer At(Instant deadline, std::function<void()> fire);

  // Instant::Never() when nothing is armed.
  Instant NextDeadline() const;

  // Fires everything due at `now`, except what is armed meanwhile.
  void Fire(Instant now);

  // Moves every deadline by `span`: the process itself was stopped that long (event_loop.h).
  void Postpone(absl::Duration span);

  size_t armed() const { return armed_.size(); }

 private:
  friend class Timer;
  std::map<Timer::Key, std::pair<Timer*, std::function<void()>>> armed_;
  uint64_t next_ = 0;
};

}  // namespace socketd
