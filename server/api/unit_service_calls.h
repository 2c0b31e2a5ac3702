// What the methods of UnitService are made of, for the files that hold them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/api/access.h"
#include "server/api/gate.h"
#include "server/api/status.h"
#include "server/api/unit_service.h"

namespace socketd {

// Ends a call at once, well or not.
inline grpc::ServerUnaryReactor* End(grpc::CallbackServerContext* context,
                                     const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

inline grpc::ServerUnaryReactor* End(grpc::CallbackServerContext* context,
                                     const absl::Status& status) {
  return End(context, ToGrpc(status));
}

inline std::string RequesterOf(const grpc::CallbackServerContext& context) {
  return ToText(CallerOf(context));
}

template <typename Request>
UnitService::Write UnitService::WriteOf(Context* context,
                                        const Request& request,
                                        google::protobuf::Message* response) {
  return {context, response, request.request_id(), ContentOf(request)};
}

template <typename T, typename Convert>
Answer<T> UnitService::Answering(Settle settle, Convert convert) {
  return [outbox = outbox_, settle = std::move(settle),
          convert = std::move(convert)](absl::StatusOr<T> answer) {
    outbox->Post([settle, convert, answer = std::move(answer)] {
      settle(answer.ok() ? Reply{grpc::Status::OK, convert(*answer)}
                         : Reply{ToGrpc(answer.status()), nullptr});
    });
  };
}

}  // namespace socketd
