#include "server/api/outbox.h"

#include <utility>

namespace socketd {

Outbox::Outbox(Closure wake_watchers)
    : wake_watchers_(std::move(wake_watchers)), thread_([this] { Run(); }) {}

Outbox::~Outbox() {
  Close();
}

void Outbox::Post(Closure closure) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closures_.push_back(std::move(closure));
  changed_.notify_one();
}

void Outbox::Wake() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(woken_, true)) changed_.notify_one();
}

void Outbox::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Outbox::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closed_ || woken_ || !closures_.empty(); });
    if (closed_ && closures_.empty()) return;
    std::vector<Closure> closures = std::exchange(closures_, {});
    const bool woken = std::exchange(woken_, false);
    lock.unlock();
    for (const Closure& closure : closures)
      closure();
    closures.clear();
    if (woken) wake_watchers_();
    lock.lock();
  }
}

}  // namespace socketd
