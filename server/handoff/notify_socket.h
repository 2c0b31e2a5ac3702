// The socket that services report to, NOTIFY_SOCKET. Takes packets with their sender, a bounded
// number each turn, and hands them on in the order they came; descriptors that came along and
// nobody took are closed after that, which is what a sender that waits at a barrier waits for. Who
// sent a packet is the kernel's word; what nobody can be named for is dropped. Engine thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

#include "server/kernel/types.h"
#include "server/loop/event_loop.h"

namespace socketd {

class NotifySocket final : private Subscriber {
 public:
  // Whatever descriptors it leaves in the packet are closed.
  using Sink = std::function<void(Packet&)>;

  NotifySocket(EventLoop& loop, Sink sink) : loop_(loop), sink_(std::move(sink)) {}
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Any user's service may write to `path`; what it says counts for its own unit only.
  absl::Status Open(const std::string& path);

  uint64_t dropped() const { return dropped_; }

 private:
  void OnEvent(const Event& event) override;
  // False: none is waiting.
  bool TakeOne();

  EventLoop& loop_;
  const Sink sink_;
  std::string path_;
  Port port_;
  Subscription subscription_;
  uint64_t dropped_ = 0;
};

}  // namespace socketd
