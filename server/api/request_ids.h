// The last writes that came with a request_id, so that a client that lost its connection can ask
// again without doing the thing twice. The same id with the same content gets the first answer, and
// waits for it while the first is still under way. Ids belong to the user who sent them. Any
// thread.
//
// Kept: 1024 writes, and of their answers at most 16 MiB. An answer UNAVAILABLE is not kept: that
// write did not happen, and a repeat tries again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/api/reply.h"

namespace socketd {

// What two requests are compared by: their bytes, with map entries in a fixed order.
std::string ContentOf(const google::protobuf::Message& request);

class RequestIds {
 public:
  using Waiter = std::function<void(const Reply&)>;

  struct Key {
    uint32_t uid = 0;
    std::string id;
    friend bool operator==(const Key& left, const Key& right) {
      return left.uid == right.uid && left.id == right.id;
    }
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.uid, key.id);
    }
  };

  RequestIds(size_t capacity, size_t answer_bytes);

  // True: this is the first, do it and Settle. False: a repeat; `waiter` has been or will be called
  // with the first answer. INVALID_ARGUMENT (REQUEST_ID_REUSED): other content.
  // RESOURCE_EXHAUSTED (TOO_MANY_CALLS): all that are held are still under way.
  absl::StatusOr<bool> Begin(const Key& key, absl::string_view content, const Waiter& waiter);

  // Once for every Begin that was true. Calls the waiters.
  void Settle(const Key& key, const Reply& reply);

 private:
  struct Entry {
    size_t content_hash = 0;
    size_t content_size = 0;
    bool settled = false;
    Reply reply;
    size_t reply_bytes = 0;
    std::vector<Waiter> waiters;
    std::list<Key>::iterator age;  // in settled_, once settled
  };

  void Forget(const Key& key);
  void MakeRoom(size_t entries, size_t bytes);

  const size_t capacity_;
  const size_t answer_bytes_;
  std::mutex mutex_;
  absl::flat_hash_map<Key, Entry> entries_;
  std::list<Key> settled_;  // oldest first
  size_t kept_bytes_ = 0;
};

}  // namespace socketd
