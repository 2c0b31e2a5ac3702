// What one watcher gets next: the board first, then changes from the history, each once and in
// order. Nothing but a cursor, whatever the watcher's pace; it knows nothing of gRPC. Not
// synchronized: the watcher's call guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/api/patterns.h"
#include "server/engine/engine_handle.h"

namespace socketd {

namespace v1 {
class WatchUnitsResponse;
}

class WatchFeed {
 public:
  // Zero `start_revision`: the board first. The engine outlives the feed.
  WatchFeed(const EngineHandle& engine, Patterns patterns, int64_t start_revision);

  // True: `message` is to be sent. False: nothing until more is published.
  // OUT_OF_RANGE: HISTORY_TRIMMED (fact first_revision: the oldest that is held), or
  // REVISION_UNKNOWN for one that has not been reached yet.
  absl::StatusOr<bool> Next(v1::WatchUnitsResponse& message);

  // A message that says that nothing was missed so far.
  void Heartbeat(v1::WatchUnitsResponse& message) const;

 private:
  bool NextOfBoard(v1::WatchUnitsResponse& message);
  absl::Status Refill();
  absl::Status Trimmed() const;

  const EngineHandle& engine_;
  const Patterns patterns_;
  BoardPtr board_;                      // null: sent already, or not asked for
  std::vector<UnitSnapshotPtr> units_;  // read ahead from the board
  size_t next_unit_ = 0;
  int64_t next_revision_;        // the next to be read from the history
  std::vector<Change> changes_;  // read ahead from the history
  size_t next_change_ = 0;
};

}  // namespace socketd
