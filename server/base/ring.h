// The last N things, oldest first, in memory that is allocated once. Pushing into a full ring drops
// the oldest. Not synchronized.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "server/base/check.h"

namespace socketd {

template <typename T>
class Ring {
 public:
  explicit Ring(size_t capacity) : capacity_(capacity) { CHECK(capacity > 0); }

  void Push(T value) {
    if (items_.size() < capacity_) {
      items_.push_back(std::move(value));
      return;
    }
    items_[oldest_] = std::move(value);
    oldest_ = (oldest_ + 1) % capacity_;
  }

  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  size_t capacity() const { return capacity_; }

  // 0 is the oldest.
  const T& operator[](size_t index) const {
    CHECK(index < items_.size());
    return items_[(oldest_ + index) % items_.size()];
  }
  T& operator[](size_t index) {
    CHECK(index < items_.size());
    return items_[(oldest_ + index) % items_.size()];
  }

 private:
  size_t capacity_;
  size_t oldest_ = 0;
  std::vector<T> items_;
};

}  // namespace socketd
