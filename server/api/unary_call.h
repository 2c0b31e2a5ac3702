// One call that waits for the engine. It ends once: with its reply, or when the client goes away or
// the server stops, whichever comes first. The job that it waits for is not touched by that.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/time/time.h"

#include "server/api/reply.h"

namespace socketd {

// Calls under way, with a limit.
class CallCount {
 public:
  explicit CallCount(size_t limit) : limit_(limit) {}
  // False at the limit.
  bool Enter();
  void Leave();
  // Until there is none, at most so long.
  void AwaitNone(absl::Duration patience);

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable none_;
  size_t count_ = 0;
};

class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `count` has been entered for it. gRPC owns `response` until the call is done; `done`, if there
  // is one, is called then, on a thread of gRPC's.
  static std::shared_ptr<UnaryCall> Make(CallCount& count,
                                         google::protobuf::Message& response,
                                         std::function<void()> done = nullptr);

  // Any thread; only the first counts.
  void End(const Reply& reply);

 private:
  UnaryCall(CallCount& count, google::protobuf::Message& response, std::function<void()> done)
      : count_(count), response_(response), done_(std::move(done)) {}
  void OnCancel() override;
  void OnDone() override;

  CallCount& count_;
  google::protobuf::Message& response_;
  const std::function<void()> done_;
  std::mutex mutex_;
  bool ended_ = false;
  std::shared_ptr<UnaryCall> self_;  // until gRPC is done with it
};

}  // namespace socketd
