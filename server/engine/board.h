// The board that other threads read: all units at one revision, in shards that are shared from one
// board to the next. Publishing copies only the shards in which something changed. SharedBoard is
// immutable; BoardMaker lives on the engine thread.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/unit/snapshot.h"

namespace socketd {

class SharedBoard final : public Board {
 public:
  // With 64 shards a change among 10,000 units copies some 150 pointers.
  static constexpr size_t kShards = 64;
  struct Shard {
    std::vector<UnitSnapshotPtr> units;                            // by name
    std::vector<std::pair<std::string, UnitSnapshotPtr>> aliases;  // by alias
  };
  using Shards = std::array<std::shared_ptr<const Shard>, kShards>;

  SharedBoard(int64_t revision, size_t size, Shards shards)
      : revision_(revision), size_(size), shards_(std::move(shards)) {}

  int64_t revision() const override { return revision_; }
  size_t size() const override { return size_; }
  UnitSnapshotPtr Find(absl::string_view name) const override;
  std::vector<UnitSnapshotPtr> After(absl::string_view after, size_t limit) const override;

  static size_t ShardOf(absl::string_view name);

 private:
  const int64_t revision_;
  const size_t size_;
  const Shards shards_;
};

class BoardMaker {
 public:
  BoardMaker();

  // Engine thread.
  void Put(const UnitSnapshotPtr& unit);
  void Remove(absl::string_view name);
  void Publish(int64_t revision);

  // Any thread.
  BoardPtr board() const;

 private:
  SharedBoard::Shard& Change(absl::string_view name);
  void DropAliases(const UnitSnapshot& unit);

  SharedBoard::Shards shards_;
  // Shards copied since the last publishing: changed in place until then.
  std::array<std::shared_ptr<SharedBoard::Shard>, SharedBoard::kShards> fresh_;
  size_t size_ = 0;
  mutable std::mutex mutex_;
  BoardPtr board_;
};

}  // namespace socketd
