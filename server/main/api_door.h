// One address at which the API can be reached: accepts, finds out who is there, and hands the
// connection to gRPC. Engine thread.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/handoff/acceptor.h"

namespace socketd {

class ApiServer;
class Visitors;

class ApiDoor {
 public:
  // Both outlive the door. `visitors` are those of all doors.
  ApiDoor(EventLoop& loop, Visitors& visitors);

  // Whoever comes waits in the kernel's queue.
  absl::Status Listen(const ListenSpec& spec);
  // Hands over those who wait, and who come. `api` outlives the door.
  absl::Status LetIn(ApiServer& api);

 private:
  void Accept(Connection connection);

  ApiServer* api_ = nullptr;
  Visitors& visitors_;
  Acceptor acceptor_;
};

}  // namespace socketd
