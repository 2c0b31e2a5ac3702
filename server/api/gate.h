// Tells gRPC who calls, which it cannot find out over a unix socket by itself. Each uid gets a slot
// when it is first seen: an acceptor whose credentials carry the uid and check the access table
// before any handler runs. Slots are never given to another uid. Made before the server is built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/api/access.h"

namespace grpc {
class CallbackServerContext;
class ServerBuilder;
}  // namespace grpc

namespace socketd {

class Gate {
 public:
  // `slots` is at least 2: root's and the daemon's own are set aside.
  Gate(grpc::ServerBuilder& builder, size_t slots, uint32_t daemon_uid);
  ~Gate();

  // Gives the caller's uid a slot. PERMISSION_DENIED (CALLER_UNKNOWN) for nobody;
  // RESOURCE_EXHAUSTED (TOO_MANY_USERS) when all slots have their uid. Any thread.
  absl::StatusOr<size_t> SlotOf(const Caller& caller);

  // Gives gRPC the connection, which it owns from here on; closed if the server has been shut down.
  void HandOver(size_t slot, Caller::Transport transport, int connection);

 private:
  struct Slot;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_;
  size_t used_ = 0;
};

// Who makes the call; the uid is kNobodyUid for a connection that came through no gate.
Caller CallerOf(const grpc::CallbackServerContext& context);

}  // namespace socketd
