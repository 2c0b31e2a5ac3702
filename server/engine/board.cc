#include "server/engine/board.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace socketd {
namespace {

struct ByName {
  bool operator()(const UnitSnapshotPtr& unit, absl::string_view name) const {
    return absl::string_view(unit->name) < name;
  }
  bool operator()(absl::string_view name, const UnitSnapshotPtr& unit) const {
    return name < absl::string_view(unit->name);
  }
  bool operator()(const std::pair<std::string, UnitSnapshotPtr>& alias,
                  absl::string_view name) const {
    return absl::string_view(alias.first) < name;
  }
};

}  // namespace

size_t SharedBoard::ShardOf(absl::string_view name) {
  return absl::Hash<absl::string_view>()(name) % kShards;
}

UnitSnapshotPtr SharedBoard::Find(absl::string_view name) const {
  const Shard& shard = ShardAt(ShardOf(name));
  const auto unit = std::lower_bound(shard.units.begin(), shard.units.end(), name, ByName());
  if (unit != shard.units.end() && (*unit)->name == name) return *unit;
  const auto alias = std::lower_bound(shard.aliases.begin(), shard.aliases.end(), name, ByName());
  return alias != shard.aliases.end() && alias->first == name ? alias->second : nullptr;
}

std::vector<UnitSnapshotPtr> SharedBoard::After(absl::string_view after, size_t limit) const {
  // The next of each shard, least name on top.
  using Next = std::pair<const UnitSnapshotPtr*, const UnitSnapshotPtr*>;  // position, end
  const auto later = [](const Next& left, const Next& right) {
    return (*right.first)->name < (*left.first)->name;
  };
  std::vector<Next> heap;
  for (size_t i = 0; i < kShards; ++i) {
    const auto& units = ShardAt(i).units;
    const auto from = std::upper_bound(units.begin(), units.end(), after, ByName());
    if (from != units.end()) heap.emplace_back(&*from, units.data() + units.size());
  }
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<UnitSnapshotPtr> found;
  while (!heap.empty() && found.size() < limit) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Next& next = heap.back();
    found.push_back(*next.first);
    if (++next.first == next.second) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  return found;
}

BoardMaker::BoardMaker() {
  const auto branch = std::make_shared<SharedBoard::Branch>();
  branch->shards.fill(std::make_shared<const SharedBoard::Shard>());
  tree_.fill(branch);
  Publish(0);
}

SharedBoard::Branch& BoardMaker::ChangeBranch(size_t index) {
  for (const auto& [at, branch] : fresh_branches_)
    if (at == index) return *branch;
  auto branch = std::make_shared<SharedBoard::Branch>(*tree_[index]);
  fresh_branches_.emplace_back(index, branch.get());
  tree_[index] = std::move(branch);
  return *fresh_branches_.back().second;
}

SharedBoard::Shard& BoardMaker::Change(absl::string_view name) {
  const size_t index = SharedBoard::ShardOf(name);
  for (const auto& [at, shard] : fresh_shards_)
    if (at == index) return *shard;
  auto& place = ChangeBranch(index / SharedBoard::kFan).shards[index % SharedBoard::kFan];
  auto shard = std::make_shared<SharedBoard::Shard>(*place);
  fresh_shards_.emplace_back(index, shard.get());
  place = std::move(shard);
  return *fresh_shards_.back().second;
}

void BoardMaker::DropAliases(const UnitSnapshot& unit) {
  for (const std::string& alias : unit.aliases) {
    auto& aliases = Change(alias).aliases;
    const auto at =
        std::lower_bound(aliases.begin(), aliases.end(), absl::string_view(alias), ByName());
    if (at != aliases.end() && at->first == alias) aliases.erase(at);
  }
}

void BoardMaker::Put(const UnitSnapshotPtr& unit) {
  const absl::string_view name = unit->name;
  auto& units = Change(name).units;
  const auto at = std::lower_bound(units.begin(), units.end(), name, ByName());
  if (at != units.end() && (*at)->name == name) {
    DropAliases(**at);
    *at = unit;
  } else {
    units.insert(at, unit);
    ++size_;
  }
  for (const std::string& alias : unit->aliases) {
    auto& aliases = Change(alias).aliases;
    const auto place =
        std::lower_bound(aliases.begin(), aliases.end(), absl::string_view(alias), ByName());
    aliases.emplace(place, alias, unit);
  }
}

void BoardMaker::Remove(absl::string_view name) {
  auto& units = Change(name).units;
  const auto at = std::lower_bound(units.begin(), units.end(), name, ByName());
  if (at == units.end() || (*at)->name != name) return;
  const UnitSnapshotPtr gone = std::move(*at);
  units.erase(at);
  --size_;
  DropAliases(*gone);
}

void BoardMaker::Publish(int64_t revision) {
  fresh_branches_.clear();
  fresh_shards_.clear();
  BoardPtr board = std::make_shared<SharedBoard>(revision, size_, tree_);
  const std::lock_guard lock(mutex_);
  board_.swap(board);
}

BoardPtr BoardMaker::board() const {
  const std::lock_guard lock(mutex_);
  return board_;
}

}  // namespace socketd
