// What GetServer says besides revisions and the number of units: a value that is replaced as a
// whole. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace socketd {

namespace v1 {
class GetServerResponse;
}

class About {
 public:
  using Text = std::shared_ptr<const v1::GetServerResponse>;  // never null
  explicit About(Text text) : text_(std::move(text)) {}

  Text text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  void Say(Text text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }

 private:
  mutable std::mutex mutex_;  // held for as long as it takes to copy a pointer
  Text text_;
};

}  // namespace socketd
