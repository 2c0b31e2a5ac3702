#include "server/engine/memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/remembered.h"

namespace socketd {
namespace {

constexpr uint64_t kMagic = 0x0064746b636f7344;  // "Dsocktd"
constexpr uint32_t kLayout = 1;
// Rewritten when more than this is used, and four times what lives.
constexpr size_t kLeastUsed = size_t{64} * 1024;

// At the start; the changes have an eighth of what follows, at most so much, the units the rest.
constexpr size_t kMostForChanges = size_t{4} << 20;
struct Head {
  uint64_t magic = 0;
  uint32_t layout = 0;
  uint32_t served = 0;
  uint64_t size = 0;
};
constexpr size_t kHeadSize = 64;
constexpr size_t kLeastSize = size_t{64} * 1024;

// What does not follow the one before begins anew: there is no gap.
void AddChange(absl::string_view record, std::vector<Change>& changes) {
  std::optional<Change> change = ChangeOf(record);
  if (!change.has_value()) return;
  const bool follows = changes.empty() || change->revision == changes.back().revision + 1;
  if (!follows) changes.clear();
  changes.push_back(*std::move(change));
}

Head HeadOf(absl::Span<const char> memory) {
  Head head;
  std::memcpy(&head, memory.data(), sizeof(head));
  return head;
}

bool IsOurs(const Head& head, size_t there) {
  return head.magic == kMagic && head.layout == kLayout && head.size >= kLeastSize &&
         head.size <= there;
}

struct Parts {
  absl::Span<char> changes;
  absl::Span<char> units;
};

Parts PartsOf(absl::Span<char> memory, const Head& head) {
  const size_t room = head.size - kHeadSize;
  const size_t for_changes = std::min(room / 8, kMostForChanges);
  return {memory.subspan(kHeadSize, for_changes),
          memory.subspan(kHeadSize + for_changes, room - for_changes)};
}

size_t UnitsIn(const Journal& journal) {
  absl::flat_hash_set<std::string> names;
  for (const absl::string_view record : journal.newer()) {
    remembered::Unit unit;
    const bool read = unit.ParseFromArray(record.data(), static_cast<int>(record.size()));
    if (!read || unit.name().empty()) continue;
    if (unit.gone())
      names.erase(unit.name());
    else
      names.insert(unit.name());
  }
  return names.size();
}

}  // namespace

absl::StatusOr<Memory::Contents> Memory::Look(absl::Span<char> bytes) {
  if (bytes.size() < kLeastSize) return Contents{kLayout, 0};
  const Head head = HeadOf(bytes);
  if (head.magic == 0) return Contents{kLayout, 0};
  if (!IsOurs(head, bytes.size())) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "MEMORY_UNREADABLE",
        absl::StrCat("it reads memory of layout ", kLayout, ", there is layout ", head.layout));
  }
  return Contents{head.layout, UnitsIn(Journal(PartsOf(bytes, head).units))};
}

Memory::Memory(Kernel& kernel, size_t size) {
  absl::Span<char> memory = kernel.Memory(std::max(size, kLeastSize));
  if (memory.empty()) return;
  Head head = HeadOf(memory);
  const bool ours = IsOurs(head, memory.size());
  if (!ours) {
    if (head.magic != 0)
      Log(Level::kWarning, "memory.not-read", {{"layout", absl::StrCat(head.layout)}});
    head = {kMagic, kLayout, 0, memory.size()};
  }
  const Parts parts = PartsOf(memory, head);
  changes_.emplace(parts.changes);
  units_.emplace(parts.units);
  head_ = memory.data();
  std::memcpy(head_, &head, sizeof(head));
  for (Journal* journal : {&*units_, &*changes_}) {
    if (!ours) journal->Clear();
    if (journal->Continue()) continue;
    journal->Begin();
    journal->Commit();
  }
  LearnPlaces();
}

Memory::Past Memory::Recall(size_t changes) const {
  Past past;
  if (!kept()) return past;
  Head head;
  std::memcpy(&head, head_, sizeof(head));
  past.served = head.served != 0;
  for (const auto& [name, place] : places_) {
    remembered::Unit unit;
    const bool read = unit.ParseFromArray(place.data(), static_cast<int>(place.size()));
    if (read) past.units.push_back(std::move(unit));
  }
  std::sort(past.units.begin(), past.units.end(),
            [](const remembered::Unit& left, const remembered::Unit& right) {
              return left.name() < right.name();
            });
  std::vector<absl::string_view> records = changes_->older();
  for (const absl::string_view record : changes_->newer())
    records.push_back(record);
  for (size_t i = records.size() - std::min(records.size(), changes); i < records.size(); ++i)
    AddChange(records[i], past.changes);
  return past;
}

void Memory::SayServing() {
  if (!kept()) return;
  Head head;
  std::memcpy(&head, head_, sizeof(head));
  head.served = 1;
  std::memcpy(head_, &head, sizeof(head));
}

void Memory::Forget() {
  if (!kept()) return;
  const Head none;
  std::memcpy(head_, &none, sizeof(none));
  units_.reset();
  changes_.reset();
}

void Memory::LearnPlaces() {
  for (const absl::string_view record : units_->newer()) {
    remembered::Unit unit;
    const bool read = unit.ParseFromArray(record.data(), static_cast<int>(record.size()));
    if (!read || unit.name().empty()) continue;
    absl::string_view& place = places_[unit.name()];
    live_ += record.size() - place.size();
    place = record;
    if (!unit.gone()) continue;
    live_ -= record.size();
    places_.erase(unit.name());
  }
}

bool Memory::Write(const std::string& name, absl::string_view record) {
  const char* const at = units_->Append(record);
  if (at == nullptr) return false;
  absl::string_view& place = places_[name];
  live_ += record.size() - place.size();
  place = {at, record.size()};
  return true;
}

// What lives goes into the other area; what is there stays what counts until it is complete.
void Memory::Rewrite() {
  units_->Begin();
  for (auto& [name, place] : places_) {
    const char* const at = units_->Append(place);
    if (at != nullptr) place = {at, place.size()};
  }
  units_->Commit();
}

void Memory::Put(const remembered::Unit& unit) {
  if (!kept()) return;
  buffer_.clear();
  unit.AppendToString(&buffer_);
  const auto before = places_.find(unit.name());
  if (before == places_.end() && unit.gone()) return;
  if (before != places_.end() && before->second == buffer_) return;
  if (units_->used() > std::max(kLeastUsed, 4 * live_)) Rewrite();
  bool written = Write(unit.name(), buffer_);
  if (!written) {
    Rewrite();
    written = Write(unit.name(), buffer_);
  }
  if (written && unit.gone()) {
    live_ -= buffer_.size();
    places_.erase(unit.name());
  }
  if (!written && !std::exchange(full_, true))
    Log(Level::kError, "memory.full", {{"unit", unit.name()}});
  full_ = full_ && !written;
}

void Memory::Append(const Change& change) {
  if (!kept()) return;
  buffer_.clear();
  ::socketd::Write(change, change_);
  change_.AppendToString(&buffer_);
  if (changes_->Append(buffer_) != nullptr) return;
  changes_->Begin();
  changes_->Commit();
  changes_->Append(buffer_);
}

}  // namespace socketd
