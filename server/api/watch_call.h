// One watcher: its feed, and at most one write in flight. OnWriteDone and the outbox both pump;
// whoever comes first writes. A slow watcher costs nobody anything but itself. Watchers is the list
// of all of them. Any thread.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/watch_feed.h"

namespace grpc {
class CallbackServerContext;
}

namespace socketd {

class WatchCall;

class Watchers {
 public:
  explicit Watchers(size_t limit) : limit_(limit) {}

  // RESOURCE_EXHAUSTED (TOO_MANY_WATCHERS), UNAVAILABLE (SHUTTING_DOWN).
  absl::Status Add(const std::shared_ptr<WatchCall>& call);
  void Remove(const std::shared_ptr<WatchCall>& call);
  // More has been published.
  void Pump();
  // Ends each with UNAVAILABLE as soon as it has seen all there is, and refuses further ones.
  void Close();
  // Until there is none, at most so long.
  void AwaitNone(absl::Duration patience);
  size_t size() const;

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable none_;
  absl::flat_hash_set<std::shared_ptr<WatchCall>> calls_;
  bool closed_ = false;
};

class WatchCall : public grpc::ServerWriteReactor<v1::WatchUnitsResponse> {
 public:
  struct Call {
    Watchers& watchers;
    grpc::CallbackServerContext& context;
    int64_t heartbeat_seconds = 0;  // 0: none
  };

  // Starts to write at once.
  static WatchCall* Start(const Call& call, WatchFeed feed);
  // A call that ends at once.
  static grpc::ServerWriteReactor<v1::WatchUnitsResponse>* Refuse(const absl::Status& status);

  void Pump();
  // No more is to come: ends when the watcher has seen what there is.
  void Close();
  // Only the first counts.
  void End(const absl::Status& status);

 private:
  WatchCall(const Call& call, WatchFeed feed);
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // With the mutex held.
  void WriteNext();
  void EndLocked(const absl::Status& status);
  void SetAlarm();
  void OnAlarm();

  Watchers& watchers_;
  grpc::CallbackServerContext& context_;
  const int64_t heartbeat_seconds_;

  std::mutex mutex_;
  WatchFeed feed_;
  v1::WatchUnitsResponse message_;  // the one in flight
  bool writing_ = false;
  bool closing_ = false;
  bool ended_ = false;
  bool quiet_ = true;                   // nothing was written since the last alarm
  std::unique_ptr<grpc::Alarm> alarm_;  // null: no heartbeat
  std::shared_ptr<WatchCall> self_;     // until gRPC is done with it
};

}  // namespace socketd
