// Those who wait for what the machine is short of: first come, first served, as whoever comes later
// would take what the first one needs. The first one tries again after a while, which doubles from
// 100 ms to 5 s as long as that does not help. Shared by those who wait; engine thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "absl/time/time.h"

#include "server/engine/back_off.h"
#include "server/loop/event_loop.h"
#include "server/loop/timers.h"

namespace socketd {

class ShortageQueue : public std::enable_shared_from_this<ShortageQueue> {
 public:
  using Attempt = std::function<void()>;

  // A place in the queue, as long as it lives.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), at_(other.at_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(queue_, other.queue_);
      std::swap(at_, other.at_);
      return *this;
    }
    ~Place() {
      if (queue_ != nullptr) queue_->line_.erase(at_);
    }

   private:
    friend class ShortageQueue;
    Place(std::shared_ptr<ShortageQueue> queue, std::list<Attempt>::iterator at)
        : queue_(std::move(queue)), at_(at) {}

    std::shared_ptr<ShortageQueue> queue_;
    std::list<Attempt>::iterator at_;
  };

  explicit ShortageQueue(EventLoop& loop) : loop_(loop) {}

  // `attempt` succeeds by giving up the place.
  Place Join(Attempt attempt);
  // There may be enough again: the next attempt is soon.
  void Prompt();
  bool empty() const { return line_.empty(); }

 private:
  void Arm();
  void Serve();

  EventLoop& loop_;
  std::list<Attempt> line_;
  BackOff back_off_{absl::Milliseconds(100), absl::Seconds(5)};
  Timer retry_;
};

}  // namespace socketd
