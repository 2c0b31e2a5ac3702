// Closes descriptors that strangers have sent. What is behind them is not known: closing a socket
// may wait for its peer (SO_LINGER, socket(7)), closing a file for whoever serves it (FUSE). So it
// is done by threads of its own, which are few; what waits for them is bounded by our limit of
// descriptors. A thread that hangs is left behind at the end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace socketd {

class Closer {
 public:
  Closer() : shared_(std::make_shared<Shared>()) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer();

  // Closes `number`, a pipe at once: senders of BARRIER=1 wait for that (sd_notify(3)).
  void Take(int number);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<int> numbers;
    size_t threads = 0;
    size_t idle = 0;
    bool stopping = false;
  };
  static void* Run(void* shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace socketd
