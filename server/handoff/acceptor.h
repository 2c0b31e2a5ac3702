// A listening socket of the daemon's own: accepts connections, a bounded number each turn, and
// gives them to its owner. When descriptors run short it rests for a moment, and the connections
// wait in the kernel's queue. The node in the file system is removed with it. Engine thread.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"
#include "server/loop/event_loop.h"

namespace socketd {

class Acceptor final : private Subscriber {
 public:
  using Sink = std::function<void(Connection)>;

  Acceptor(EventLoop& loop, Sink sink) : loop_(loop), sink_(std::move(sink)) {}
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Whoever comes waits in the kernel's queue.
  absl::Status Listen(const ListenSpec& spec);
  // Gives those who wait, and who come, to the owner.
  absl::Status Begin();
  // With port 0 resolved.
  const SocketAddress& bound() const { return port_.bound; }

 private:
  void OnEvent(const Event& event) override;
  // False: no more for now.
  bool AcceptOne();
  absl::Status Arm();
  void Rest();

  EventLoop& loop_;
  const Sink sink_;
  Port port_;
  Subscription subscription_;
  Timer rest_;
};

}  // namespace socketd
