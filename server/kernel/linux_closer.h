// Closes descriptors, those that strangers have sent with care. What is behind them is not known:
// closing a socket may wait for its peer (SO_LINGER, socket(7)), closing a file for whoever serves
// it (FUSE), copies too. So it is done by threads of its own, which are few; what waits for them is
// bounded by our limit of descriptors. A thread that hangs is left behind at the end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "server/keeper/life.h"

namespace socketd {

class Closer {
 public:
  // `arrivals` says which are strangers'.
  explicit Closer(std::shared_ptr<Arrivals> arrivals)
      : shared_(std::make_shared<Shared>(std::move(arrivals))) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer();

  void Close(int number);
  // Closes what may be a stranger's; a pipe at once: senders of BARRIER=1 wait for that
  // (sd_notify(3)).
  void Take(int number);
  // `copy` is a duplicate of `number`, so as strange.
  void OnCopied(int number, int copy);

 private:
  struct Shared {
    explicit Shared(std::shared_ptr<Arrivals> all) : arrivals(std::move(all)) {}
    const std::shared_ptr<Arrivals> arrivals;
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
