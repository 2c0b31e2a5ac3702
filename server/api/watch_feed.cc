#include "server/api/watch_feed.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/convert.h"
#include "server/api/limits.h"
#include "server/base/errors.h"

namespace socketd {

WatchFeed::WatchFeed(const EngineHandle& engine, Patterns patterns, int64_t start_revision)
    : engine_(engine), patterns_(std::move(patterns)), next_revision_(start_revision) {
  if (start_revision > 0) return;
  board_ = engine_.board();
  next_revision_ = board_->revision() + 1;
  units_ = board_->After("", kUnitsPerRead);
}

absl::StatusOr<bool> WatchFeed::Next(v1::WatchUnitsResponse& message) {
  message.Clear();
  if (board_ != nullptr) return NextOfBoard(message);
  while (true) {
    if (next_change_ == changes_.size()) {
      if (absl::Status status = Refill(); !status.ok()) return status;
      if (changes_.empty()) return false;
    }
    const Change& change = changes_[next_change_++];
    if (!patterns_.Match(change.unit)) continue;
    Convert(change, *message.mutable_change());
    message.set_revision(change.revision);
    return true;
  }
}

bool WatchFeed::NextOfBoard(v1::WatchUnitsResponse& message) {
  while (!units_.empty()) {
    while (next_unit_ < units_.size()) {
      const UnitSnapshot& unit = *units_[next_unit_++];
      if (!patterns_.Match(unit.name)) continue;
      Convert(unit, View::kBasic, *message.mutable_unit());
      // Until the snapshot is complete the watcher knows nothing to resume from.
      message.set_revision(0);
      return true;
    }
    units_ = board_->After(units_.back()->name, kUnitsPerRead);
    next_unit_ = 0;
  }
  message.mutable_snapshot_end();
  message.set_revision(board_->revision());
  board_.reset();
  return true;
}

void WatchFeed::Heartbeat(v1::WatchUnitsResponse& message) const {
  message.Clear();
  message.mutable_heartbeat();
  message.set_revision(next_revision_ - 1);
}

absl::Status WatchFeed::Refill() {
  changes_.clear();
  next_change_ = 0;
  const History& history = engine_.history();
  // A client of an earlier life of the daemon, or of another one: its place in the order is not
  // ours.
  if (const int64_t last = history.last_revision(); next_revision_ > last + 1) {
    return Error(absl::StatusCode::kOutOfRange, "REVISION_UNKNOWN",
                 absl::StrCat("revision ", next_revision_, " is ahead of the last one, ", last),
                 {{"first_revision", absl::StrCat(history.first_revision())},
                  {"last_revision", absl::StrCat(last)}});
  }
  if (!history.Read(next_revision_, kChangesPerRead, changes_)) return Trimmed();
  if (!changes_.empty()) next_revision_ = changes_.back().revision + 1;
  return absl::OkStatus();
}

absl::Status WatchFeed::Trimmed() const {
  const std::string first = absl::StrCat(engine_.history().first_revision());
  return Error(absl::StatusCode::kOutOfRange, "HISTORY_TRIMMED",
               absl::StrCat("revision ", next_revision_, " is gone; the oldest held is ", first,
                            "; watch again from the start"),
               {{"first_revision", first}});
}

}  // namespace socketd
