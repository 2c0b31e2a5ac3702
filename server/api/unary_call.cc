#include "server/api/unary_call.h"

#include <utility>

namespace socketd {

bool CallCount::Enter() {
  if (++count_ <= limit_) return true;
  --count_;
  return false;
}

std::shared_ptr<UnaryCall> UnaryCall::Make(CallCount& count, google::protobuf::Message& response) {
  std::shared_ptr<UnaryCall> call(new UnaryCall(count, response));
  call->self_ = call;
  return call;
}

void UnaryCall::End(const Reply& reply) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = true;
  if (reply.response != nullptr) response_.CopyFrom(*reply.response);
  Finish(reply.status);
}

void UnaryCall::OnCancel() {
  End({grpc::Status(grpc::StatusCode::CANCELLED, "the client went away"), nullptr});
}

void UnaryCall::OnDone() {
  count_.Leave();
  // The last reference may be this one.
  const std::shared_ptr<UnaryCall> self = std::exchange(self_, nullptr);
}

}  // namespace socketd
