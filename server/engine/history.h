// The last changes of all units, numbered from 1 without a gap. The engine thread appends; any
// thread reads. There is one history: a watcher is nothing but a cursor into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "server/base/ring.h"
#include "server/unit/change.h"

namespace socketd {

class History {
 public:
  // `capacity` changes are held; the numbers go on from `last_revision`.
  explicit History(size_t capacity, int64_t last_revision = 0);

  // Numbers and keeps a change; returns its revision.
  int64_t Append(Change change);
  // Goes on after the changes of the daemon before, which have no gap. Before anything is appended.
  void Recall(std::vector<Change> changes);

  int64_t last_revision() const;
  // The oldest change still held; last_revision() + 1 if none is.
  int64_t first_revision() const;

  // At most `limit` changes from `from` on. False if `from` is older than what is held: the changes
  // between are gone. A `from` beyond the last gives nothing and true.
  bool Read(int64_t from, size_t limit, std::vector<Change>& changes) const;

 private:
  mutable std::mutex mutex_;
  Ring<Change> ring_;
  int64_t last_revision_;
};

}  // namespace socketd
