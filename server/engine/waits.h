// What a state waits for, as owned objects: beginning a wait replaces the one before, and
// destroying it disarms the timer, drops the watch, forgets the process. A unit holds one of them
// at a time, in a std::variant. Engine thread only.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"

#include "server/engine/definition.h"
#include "server/engine/ports.h"
#include "server/engine/run.h"
#include "server/engine/shortage_queue.h"
#include "server/loop/event_loop.h"
#include "server/loop/timers.h"

namespace socketd {

// The command of a chain that runs now. Its time-out is its own: a chain of n commands may take n
// times as long.
struct RunningCommand {
  const Chain* chain = nullptr;
  size_t index = 0;
  Process process;
  Timer deadline;
};

// Processes that were signalled, to be gone. Holds the control process that was there before.
struct PendingSignal {
  Process process;
  Timer deadline;
  bool asked = true;  // false: nobody was signalled, the main process goes by itself
};

// Somebody at a port. Watches exactly as long as it lives.
class Traffic {
 public:
  explicit Traffic(PortSet& ports) : ports_(&ports) {}
  Traffic(Traffic&& other) noexcept
      : ports_(std::exchange(other.ports_, nullptr)),
        pause_(std::move(other.pause_)),
        rest_(std::move(other.rest_)) {}
  Traffic& operator=(Traffic&& other) noexcept {
    if (this == &other) return *this;
    if (ports_ != nullptr) ports_->Disarm();
    ports_ = std::exchange(other.ports_, nullptr);
    pause_ = std::move(other.pause_);
    rest_ = std::move(other.rest_);
    return *this;
  }
  ~Traffic() {
    if (ports_ != nullptr) ports_->Disarm();
  }
  // Stops watching until `resume` fires.
  void Pause(Timer resume) {
    ports_->Disarm();
    pause_ = std::move(resume);
  }
  bool paused() const { return static_cast<bool>(pause_); }
  // One port alone is not watched until `again` fires, or that of another which came before.
  void Rest(Timer again) {
    if (!rest_) rest_ = std::move(again);
  }
  bool resting() const { return static_cast<bool>(rest_); }

 private:
  PortSet* ports_;
  Timer pause_;
  Timer rest_;
};

// The triggered service to come to rest; told by the engine, so there is nothing to disarm.
struct ServiceEnd {};

// What conflicts with the service to come to rest; told by the engine.
struct Deferral {
  Timer deadline;
};

// Owners to be looked up before the ports open.
struct Opening {
  Subscription lookup;
  Timer deadline;
};

// The first process of a service to do what Type= says.
struct Ready {
  Timer deadline;
  Timer retry;            // of reading PIDFile=
  bool announced = true;  // false: READY=1 does not count before RELOADING=1
};

// A service's main process to end.
struct MainEnd {};

// What the system could not give: asked for again in a while, for as long as it takes. That is
// nobody's fault, so no time-out runs.
struct Shortage {
  std::string what;
  ShortageQueue::Place place;
};

// A time to pass.
struct Delay {
  Timer end;
};

// A timer at `span` from now; none for an infinite span.
template <typename Fire>
Timer DeadlineAfter(EventLoop& loop, absl::Duration span, Fire fire) {
  if (span == absl::InfiniteDuration()) return Timer();
  return loop.timers().At(loop.now() + span, std::move(fire));
}

}  // namespace socketd
