#include "server/api/request_ids.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/base/errors.h"

namespace socketd {

std::string ContentOf(const google::protobuf::Message& request) {
  std::string content = request.GetTypeName();
  google::protobuf::io::StringOutputStream stream(&content);
  google::protobuf::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&output);
  return content;
}

RequestIds::RequestIds(size_t capacity, size_t answer_bytes)
    : capacity_(capacity), answer_bytes_(answer_bytes) {}

absl::StatusOr<bool> RequestIds::Begin(const Key& key,
                                       absl::string_view content,
                                       const Waiter& waiter) {
  const size_t hash = absl::HashOf(content);
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    MakeRoom(1, 0);
    if (entries_.size() >= capacity_) {
      return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                   absl::StrCat(capacity_, " writes with a request_id are under way"));
    }
    Entry& entry = entries_[key];
    entry.content_hash = hash;
    entry.content_size = content.size();
    return true;
  }
  Entry& entry = found->second;
  if (entry.content_hash != hash || entry.content_size != content.size()) {
    return Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                 absl::StrCat("request_id ", key.id, " came with another request before"),
                 {{"field", "request_id"}, {"request_id", key.id}});
  }
  if (!entry.settled) {
    entry.waiters.push_back(waiter);
    return false;
  }
  const Reply reply = entry.reply;
  lock.unlock();
  waiter(reply);
  return false;
}

void RequestIds::Settle(const Key& key, const Reply& reply) {
  const size_t bytes = reply.response == nullptr ? 0 : reply.response->ByteSizeLong();
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    CHECK(found != entries_.end() && !found->second.settled);
    waiters.swap(found->second.waiters);
    if (reply.status.error_code() == grpc::StatusCode::UNAVAILABLE || bytes > answer_bytes_) {
      entries_.erase(found);
    } else {
      MakeRoom(0, bytes);
      Entry& entry = entries_[key];
      entry.settled = true;
      entry.reply = reply;
      entry.reply_bytes = bytes;
      entry.age = settled_.insert(settled_.end(), key);
      kept_bytes_ += bytes;
    }
  }
  for (const Waiter& waiter : waiters)
    waiter(reply);
}

void RequestIds::Forget(const Key& key) {
  const auto found = entries_.find(key);
  CHECK(found != entries_.end());
  kept_bytes_ -= found->second.reply_bytes;
  const auto age = found->second.age;
  entries_.erase(found);
  settled_.erase(age);
}

void RequestIds::MakeRoom(size_t entries, size_t bytes) {
  while (!settled_.empty() &&
         (entries_.size() + entries > capacity_ || kept_bytes_ + bytes > answer_bytes_)) {
    const Key oldest = settled_.front();
    Forget(oldest);
  }
}

}  // namespace socketd
