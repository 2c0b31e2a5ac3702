#include "server/engine/shortage_queue.h"

#include <iterator>

namespace socketd {

ShortageQueue::Place ShortageQueue::Join(Attempt attempt) {
  const bool first = line_.empty();
  line_.push_back(std::move(attempt));
  if (first) Prompt();
  return {shared_from_this(), std::prev(line_.end())};
}

void ShortageQueue::Prompt() {
  back_off_.Reset();
  if (!line_.empty()) Arm();
}

void ShortageQueue::Arm() {
  retry_ = loop_.timers().At(loop_.now() + back_off_.Next(loop_.now()), [this] { Serve(); });
}

void ShortageQueue::Serve() {
  const std::shared_ptr<ShortageQueue> lives = shared_from_this();
  while (!line_.empty()) {
    const Attempt* const first = &line_.front();
    const Attempt attempt = *first;  // the place may be given up while it runs
    attempt();
    if (!line_.empty() && &line_.front() == first) return Arm();
    back_off_.Reset();
  }
}

}  // namespace socketd
