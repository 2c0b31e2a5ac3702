#include "server/loop/mailbox.h"

#include <utility>

#include "server/base/errors.h"

namespace socketd {

Mailbox::Mailbox(size_t capacity, std::function<void()> wake)
    : capacity_(capacity), wake_(std::move(wake)) {}

absl::Status Mailbox::Post(Closure closure) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return ShuttingDown();
    if (mail_.size() >= capacity_) {
      return Error(absl::StatusCode::kUnavailable, "MAILBOX_FULL",
                   "too many calls are waiting for the engine; try again");
    }
    first = mail_.empty();
    mail_.push_back(std::move(closure));
  }
  if (first) wake_();
  return absl::OkStatus();
}

std::vector<Mailbox::Closure> Mailbox::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(mail_, {});
}

void Mailbox::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace socketd
