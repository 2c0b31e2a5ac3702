#include "server/engine/history.h"

#include <algorithm>
#include <utility>

namespace socketd {

History::History(size_t capacity, int64_t last_revision)
    : ring_(capacity), last_revision_(last_revision) {}

int64_t History::Append(Change change) {
  const std::lock_guard lock(mutex_);
  change.revision = ++last_revision_;
  ring_.Push(std::move(change));
  return last_revision_;
}

void History::Recall(std::vector<Change> changes) {
  const std::lock_guard lock(mutex_);
  for (Change& change : changes) {
    last_revision_ = change.revision;
    ring_.Push(std::move(change));
  }
}

int64_t History::last_revision() const {
  const std::lock_guard lock(mutex_);
  return last_revision_;
}

int64_t History::first_revision() const {
  const std::lock_guard lock(mutex_);
  return last_revision_ - static_cast<int64_t>(ring_.size()) + 1;
}

bool History::Read(int64_t from, size_t limit, std::vector<Change>& changes) const {
  const std::lock_guard lock(mutex_);
  const int64_t first = last_revision_ - static_cast<int64_t>(ring_.size()) + 1;
  if (from < first) return false;
  if (from > last_revision_) return true;
  const auto begin = static_cast<size_t>(from - first);
  const size_t end = std::min(ring_.size(), begin + limit);
  for (size_t i = begin; i < end; ++i)
    changes.push_back(ring_[i]);
  return true;
}

}  // namespace socketd
