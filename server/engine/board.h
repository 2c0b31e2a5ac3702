// The board that other threads read: all units at one revision, as a tree of two levels that boards
// share from one to the next. Publishing copies the shards in which something changed and the way
// to them, no more. SharedBoard is immutable; BoardMaker lives on the engine thread.
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
  // A change copies twice 16 pointers and, among 10,000 units, some 40 in its shard.
  static constexpr size_t kFan = 16;
  static constexpr size_t kShards = kFan * kFan;
  struct Shard {
    std::vector<UnitSnapshotPtr> units;                            // by name
    std::vector<std::pair<std::string, UnitSnapshotPtr>> aliases;  // by alias
  };
  struct Branch {
    std::array<std::shared_ptr<const Shard>, kFan> shards;
  };
  using Tree = std::array<std::shared_ptr<const Branch>, kFan>;

  SharedBoard(int64_t revision, size_t size, Tree tree)
      : revision_(revision), size_(size), tree_(std::move(tree)) {}

  int64_t revision() const override { return revision_; }
  size_t size() const override { return size_; }
  UnitSnapshotPtr Find(absl::string_view name) const override;
  std::vector<UnitSnapshotPtr> After(absl::string_view after, size_t limit) const override;

  static size_t ShardOf(absl::string_view name);

 private:
  const Shard& ShardAt(size_t index) const { return *tree_[index / kFan]->shards[index % kFan]; }

  const int64_t revision_;
  const size_t size_;
  const Tree tree_;
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
  SharedBoard::Branch& ChangeBranch(size_t index);
  SharedBoard::Shard& Change(absl::string_view name);
  void DropAliases(const UnitSnapshot& unit);

  SharedBoard::Tree tree_;
  // Copied since the last publishing, by index: changed in place until then.
  std::vector<std::pair<size_t, SharedBoard::Branch*>> fresh_branches_;
  std::vector<std::pair<size_t, SharedBoard::Shard*>> fresh_shards_;
  size_t size_ = 0;
  mutable std::mutex mutex_;
  BoardPtr board_;
};

}  // namespace socketd
