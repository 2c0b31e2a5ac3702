#include "server/api/watch_call.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/api/status.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

class Refusal final : public grpc::ServerWriteReactor<v1::WatchUnitsResponse> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

absl::Status Watchers::Add(const std::shared_ptr<WatchCall>& call) {
  const std::lock_guard lock(mutex_);
  if (closed_) return ShuttingDown();
  if (calls_.size() >= limit_) {
    return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHERS",
                 absl::StrCat("there are ", limit_, " watchers already"));
  }
  calls_.insert(call);
  return absl::OkStatus();
}

void Watchers::Remove(const std::shared_ptr<WatchCall>& call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
  if (calls_.empty()) none_.notify_all();
}

void Watchers::AwaitNone(absl::Duration patience) {
  std::unique_lock lock(mutex_);
  none_.wait_for(lock, absl::ToChronoMilliseconds(patience), [this] { return calls_.empty(); });
}

void Watchers::Pump() {
  std::vector<std::shared_ptr<WatchCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.assign(calls_.begin(), calls_.end());
  }
  // Without the lock: a call that ends meanwhile takes itself off the list.
  for (const std::shared_ptr<WatchCall>& call : calls)
    call->Pump();
}

void Watchers::Close() {
  std::vector<std::shared_ptr<WatchCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    calls.assign(calls_.begin(), calls_.end());
  }
  for (const std::shared_ptr<WatchCall>& call : calls)
    call->Close();
}

size_t Watchers::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

WatchCall::WatchCall(const Call& call, WatchFeed feed)
    : watchers_(call.watchers),
      context_(call.context),
      heartbeat_seconds_(call.heartbeat_seconds),
      feed_(std::move(feed)) {}

WatchCall* WatchCall::Start(const Call& call, WatchFeed feed) {
  std::shared_ptr<WatchCall> watch(new WatchCall(call, std::move(feed)));
  watch->self_ = watch;
  if (const absl::Status status = watch->watchers_.Add(watch); !status.ok()) {
    watch->End(status);
    return watch.get();
  }
  // So that a client that resumes knows that it is watching before the first change comes.
  watch->StartSendInitialMetadata();
  watch->Pump();
  const std::lock_guard lock(watch->mutex_);
  if (watch->heartbeat_seconds_ > 0 && !watch->ended_) watch->SetAlarm();
  return watch.get();
}

grpc::ServerWriteReactor<v1::WatchUnitsResponse>* WatchCall::Refuse(const absl::Status& status) {
  return new Refusal(ToGrpc(status));
}

void WatchCall::Pump() {
  const std::lock_guard lock(mutex_);
  if (!writing_ && !ended_) WriteNext();
}

void WatchCall::Close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  if (!writing_ && !ended_) WriteNext();
}

void WatchCall::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ended_) return;
  if (!ok) {
    EndLocked(absl::CancelledError("the client went away"));
    return;
  }
  WriteNext();
}

void WatchCall::OnCancel() {
  // Without a write in flight nothing else would wake the call.
  End(absl::CancelledError("the client went away"));
}

void WatchCall::End(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  EndLocked(status);
}

void WatchCall::OnDone() {
  const std::shared_ptr<WatchCall> self = std::exchange(self_, nullptr);
  watchers_.Remove(self);
}

void WatchCall::WriteNext() {
  const absl::StatusOr<bool> more = feed_.Next(message_);
  if (!more.ok()) {
    EndLocked(more.status());
    return;
  }
  if (!*more) {
    if (closing_) EndLocked(ShuttingDown());
    return;
  }
  writing_ = true;
  quiet_ = false;
  StartWrite(&message_);
}

void WatchCall::EndLocked(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  if (alarm_ != nullptr) alarm_->Cancel();
  const std::map<std::string, std::string> facts = FactsOf(status);
  if (const auto first = facts.find("first_revision"); first != facts.end())
    context_.AddTrailingMetadata("first_revision", first->second);
  Finish(ToGrpc(status));
}

void WatchCall::SetAlarm() {
  // A new one each time: setting an alarm anew in its own callback would destroy what is running.
  alarm_ = std::make_unique<grpc::Alarm>();
  // A span counts from now, by gRPC's own clock. An alarm keeps its callback: no owner in it.
  alarm_->Set(gpr_time_from_seconds(heartbeat_seconds_, GPR_TIMESPAN),
              [watch = std::weak_ptr<WatchCall>(self_)](bool expired) {
                const std::shared_ptr<WatchCall> alive = watch.lock();
                if (expired && alive != nullptr) alive->OnAlarm();
              });
}

void WatchCall::OnAlarm() {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (quiet_ && !writing_) {
    feed_.Heartbeat(message_);
    writing_ = true;
    StartWrite(&message_);
  }
  quiet_ = true;
  SetAlarm();
}

}  // namespace socketd
