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
  // All outlive the door. `visitors` are those of all doors.
  ApiDoor(EventLoop& loop, ApiServer& api, Visitors& visitors);

  absl::Status Open(const ListenSpec& spec);

 private:
  void Accept(Connection connection);

  ApiServer& api_;
  Visitors& visitors_;
  Acceptor acceptor_;
};

}  // namespace socketd
