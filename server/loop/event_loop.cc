#include "server/loop/event_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "server/base/check.h"
#include "server/base/log.h"

namespace socketd {
namespace {

// Closures that may wait at once: far more than callers of one host have under way, and at about
// 100 bytes each still under a megabyte.
constexpr size_t kMailboxCapacity = 8192;

// A loop that wakes this much after its own deadline was itself stopped (a paused VM, SIGSTOP):
// deadlines are moved, else everything that was stopping would be killed at once.
constexpr absl::Duration kOversleep = absl::Milliseconds(500);

constexpr uint32_t SlotOf(Token token) {
  return static_cast<uint32_t>(static_cast<uint64_t>(token) & 0xFFFFFFFFU);
}
constexpr uint32_t GenerationOf(Token token) {
  return static_cast<uint32_t>(static_cast<uint64_t>(token) >> 32);
}
constexpr Token MakeToken(uint32_t slot, uint32_t generation) {
  return static_cast<Token>((static_cast<uint64_t>(generation) << 32) | slot);
}

}  // namespace

Subscription::Subscription(EventLoop& loop, Subscriber& subscriber, Priority priority)
    : loop_(&loop), token_(loop.Subscribe(subscriber, priority)) {}

Subscription::Subscription(Subscription&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)),
      token_(std::exchange(other.token_, Token::kNone)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  if (loop_ != nullptr) loop_->Unsubscribe(token_);
  loop_ = std::exchange(other.loop_, nullptr);
  token_ = std::exchange(other.token_, Token::kNone);
  return *this;
}

Subscription::~Subscription() {
  if (loop_ != nullptr) loop_->Unsubscribe(token_);
}

EventLoop::EventLoop(Kernel& kernel)
    : kernel_(kernel),
      mailbox_(kMailboxCapacity, [&kernel] { kernel.Wake(); }),
      now_(kernel.Now()),
      wall_now_(kernel.WallNow()) {}

void EventLoop::AtEndOfTurn(std::function<void()> work) {
  end_of_turn_.push_back(std::move(work));
}

void EventLoop::OnSignal(std::function<void(int number)> handle) {
  on_signal_ = std::move(handle);
}

Token EventLoop::Subscribe(Subscriber& subscriber, Priority priority) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot].subscriber = &subscriber;
  slots_[slot].priority = priority;
  ++live_;
  return MakeToken(slot, slots_[slot].generation);
}

void EventLoop::Unsubscribe(Token token) {
  Slot& slot = slots_[SlotOf(token)];
  CHECK(slot.generation == GenerationOf(token));
  slot.subscriber = nullptr;
  if (++slot.generation == 0) slot.generation = 1;  // token 0 is kNone
  free_slots_.push_back(SlotOf(token));
  --live_;
}

EventLoop::Slot* EventLoop::FindSlot(Token token) {
  const uint32_t slot = SlotOf(token);
  if (token == Token::kNone || slot >= slots_.size()) return nullptr;
  const bool there = slots_[slot].subscriber != nullptr;
  return there && slots_[slot].generation == GenerationOf(token) ? &slots_[slot] : nullptr;
}

bool EventLoop::IsUrgent(const Event& event) {
  if (event.kind != Event::Kind::kIo) return false;
  const Slot* slot = FindSlot(event.token);
  return slot != nullptr && slot->priority == Priority::kUrgent;
}

void EventLoop::Dispatch(const Event& event) {
  if (event.kind == Event::Kind::kSignal) {
    if (on_signal_) on_signal_(event.number);
    return;
  }
  if (Slot* slot = FindSlot(event.token)) slot->subscriber->OnEvent(event);
}

void EventLoop::NoticeOversleep(Instant planned) {
  if (planned.never() || now_ - planned < kOversleep) return;
  const absl::Duration late = now_ - planned;
  Log(Level::kWarning, "loop.overslept", {{"late", absl::FormatDuration(late)}});
  timers_.Postpone(late);
}

void EventLoop::DeliverMail() {
  for (Mailbox::Closure& closure : mailbox_.Take())
    closure();
}

void EventLoop::Turn(Instant limit) {
  const Instant planned = std::min(limit, timers_.NextDeadline());
  const absl::Span<const Event> events = kernel_.Poll(planned);
  now_ = kernel_.Now();
  wall_now_ = kernel_.WallNow();
  if (planned != Instant::Start() && planned == timers_.NextDeadline()) NoticeOversleep(planned);

  for (const Event& event : events)
    if (IsUrgent(event)) Dispatch(event);
  // Timers go after exits and before traffic; the kernel delivers in that order already.
  size_t next = 0;
  for (; next < events.size() && events[next].kind != Event::Kind::kIo; ++next) {
    Dispatch(events[next]);
  }
  timers_.Fire(now_);
  for (; next < events.size(); ++next)
    if (!IsUrgent(events[next])) Dispatch(events[next]);
  DeliverMail();
  for (const auto& work : end_of_turn_)
    work();
}

void EventLoop::Run() {
  stopped_ = false;
  while (!stopped_)
    Turn();
}

}  // namespace socketd
