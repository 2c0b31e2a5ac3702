// How a call ended: a status, and with OK a message. Immutable and shared, because a repeated write
// gets the same one again (request_ids.h).
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>

#include <memory>

namespace socketd {

struct Reply {
  grpc::Status status;
  std::shared_ptr<const google::protobuf::Message> response;  // null unless OK
};

}  // namespace socketd
