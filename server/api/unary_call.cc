#include "server/api/unary_call.h"

#include <utility>

namespace socketd {

bool CallCount::Enter() {
  const std::lock_guard lock(mutex_);
  if (count_ == limit_) return false;
  ++count_;
  return true;
}

void CallCount::Leave() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) none_.notify_all();
}

void CallCount::AwaitNone(absl::Duration patience) {
  std::unique_lock lock(mutex_);
  none_.wait_for(lock, absl::ToChronoMilliseconds(patience), [this] { return count_ == 0; });
}

std::shared_ptr<UnaryCall> UnaryCall::Make(CallCount& count,
                                           google::protobuf::Message& response,
                                           std::function<void()> done) {
  std::shared_ptr<UnaryCall> call(new UnaryCall(count, response, std::move(done)));
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
  if (done_) done_();
  count_.Leave();
  // The last reference may be this one.
  const std::shared_ptr<UnaryCall> self = std::exchange(self_, nullptr);
}

}  // namespace socketd
