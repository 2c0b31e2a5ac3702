// Turns. One turn: poll, read the time once, then dispatch in fixed order: urgent traffic (the last
// words of who ends in this turn or is late), exits (an exit beats its own timeout), timers,
// traffic, mail, after-work. Everything runs on the thread that calls Run.
//
// Whoever wants events holds a Subscription; its token names slot and generation, so an event for
// somebody who left meanwhile is dropped and never reaches a stranger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "server/base/instant.h"
#include "server/kernel/kernel.h"
#include "server/loop/mailbox.h"
#include "server/loop/timers.h"

namespace socketd {

class EventLoop;

class Subscriber {
 public:
  virtual void OnEvent(const Event& event) = 0;

 protected:
  ~Subscriber() = default;
};

// Urgent: traffic is heard before all else of its turn.
enum class Priority : uint8_t { kUsual, kUrgent };

class Subscription {
 public:
  Subscription() = default;
  Subscription(EventLoop& loop, Subscriber& subscriber, Priority priority = Priority::kUsual);
  Subscription(Subscription&& other) noexcept;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

  Token token() const { return token_; }

 private:
  EventLoop* loop_ = nullptr;
  Token token_ = Token::kNone;
};

class EventLoop {
 public:
  explicit EventLoop(Kernel& kernel);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Kernel& kernel() { return kernel_; }
  Timers& timers() { return timers_; }
  Mailbox& mailbox() { return mailbox_; }

  // The time of this turn; it stands still within one.
  Instant now() const { return now_; }
  absl::Time wall_now() const { return wall_now_; }

  // Work for the end of every turn (the job queue, publishing). In order of registration.
  void AtEndOfTurn(std::function<void()> work);
  // What to do when the daemon gets a signal (SIGTERM, SIGHUP).
  void OnSignal(std::function<void(int number)> handle);

  // One turn; waits for events at most until `limit`. With Instant::Start() it does not wait.
  void Turn(Instant limit = Instant::Never());
  // Turns until Stop(), which may come from any closure of the engine thread.
  void Run();
  void Stop() { stopped_ = true; }

  size_t subscriptions() const { return live_; }

 private:
  friend class Subscription;
  struct Slot {
    Subscriber* subscriber = nullptr;
    uint32_t generation = 1;
    Priority priority = Priority::kUsual;
  };

  Token Subscribe(Subscriber& subscriber, Priority priority);
  void Unsubscribe(Token token);
  void NoticeOversleep(Instant planned);
  // The slot that the event is for; null: whoever had it has left.
  Slot* FindSlot(Token token);
  bool IsUrgent(const Event& event);
  void Dispatch(const Event& event);
  void DeliverMail();

  Kernel& kernel_;
  Timers timers_;
  Mailbox mailbox_;
  Instant now_;
  absl::Time wall_now_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  size_t live_ = 0;
  std::vector<std::function<void()>> end_of_turn_;
  std::function<void(int)> on_signal_;
  bool stopped_ = false;
};

}  // namespace socketd
