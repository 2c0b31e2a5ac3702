// The door out of the engine: a thread that does what the engine must not do itself, since gRPC may
// take its time: complete calls, take connections, wake watchers. Closures run in order. Owned by
// the API server.
//
// Not bounded here but where closures come from: calls under way (kCallsLimit) and connections to
// be taken (kAdoptionsLimit) post one each.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace socketd {

class Outbox {
 public:
  using Closure = std::function<void()>;

  // `wake_watchers` is called on the outbox thread after Wake(), once for any number of them.
  explicit Outbox(Closure wake_watchers);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  // Runs what was posted, then ends the thread.
  ~Outbox();

  // Any thread; never blocks.
  void Post(Closure closure);
  void Wake();

  // Runs what was posted and ends the thread; what is posted later is dropped.
  void Close();

 private:
  void Run();

  const Closure wake_watchers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Closure> closures_;
  bool woken_ = false;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace socketd
