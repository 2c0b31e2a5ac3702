// Closures from other threads into the engine thread. Bounded: a full mailbox refuses, so that a
// flood of calls cannot eat the memory. The only lock the engine thread ever takes, for a swap.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/status/status.h"

namespace socketd {

class Mailbox {
 public:
  using Closure = std::function<void()>;

  // `wake` is called, on the posting thread, whenever an empty mailbox gets its first closure.
  Mailbox(size_t capacity, std::function<void()> wake);

  // Any thread. UNAVAILABLE (MAILBOX_FULL, SHUTTING_DOWN): the closure was dropped, not run.
  absl::Status Post(Closure closure);

  // Engine thread: what has come, in order.
  std::vector<Closure> Take();

  // From here on Post refuses.
  void Close();

 private:
  const size_t capacity_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Closure> mail_;
  bool closed_ = false;
};

}  // namespace socketd
