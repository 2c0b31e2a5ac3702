// What the engine must find again after the daemon was killed: of each unit what remembered.proto
// says, and the last changes of all. It lies in memory that a keeper holds (Kernel::Memory); to
// write there costs no system call. A change is written when it happens and a unit at the end of
// each turn in which something happened to it, so that changes may be ahead of units, never behind.
// Without a keeper nothing is remembered. Engine thread.
//
// The layout is versioned for upgrades (server/keeper): a newer daemon reads what any older one
// wrote, and writes on in that layout until it is ready, as the older one may have to take it up
// again. tests/server/engine/memory_layouts has one of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/engine/journal.h"
#include "server/engine/remembered.pb.h"
#include "server/kernel/kernel.h"
#include "server/unit/change.h"

namespace socketd {

class Memory {
 public:
  // As many bytes as it may take, of which only those count that are used.
  Memory(Kernel& kernel, size_t size);

  // What the daemon before left, checked in itself: units by name, changes by revision without a
  // gap.
  struct Past {
    std::vector<remembered::Unit> units;
    std::vector<Change> changes;
    bool served = false;
  };
  // At most so many of the last changes.
  Past Recall(size_t changes) const;

  // How a unit is now; `gone` forgets it.
  void Put(const remembered::Unit& unit);
  void Append(const Change& change);
  // What the daemon does by itself at its start is done.
  void SayServing();
  // Nothing is to be found again, and nothing is written any more.
  void Forget();

  bool kept() const { return units_.has_value(); }

  // What another program has written there, read from a copy. FAILED_PRECONDITION
  // (MEMORY_UNREADABLE): its layout is none that is read here. Empty memory is as good as any.
  struct Contents {
    uint32_t layout = 0;
    size_t units = 0;
  };
  static absl::StatusOr<Contents> Look(absl::Span<char> bytes);

 private:
  void Rewrite();
  bool Write(const std::string& name, absl::string_view record);
  void LearnPlaces();

  char* head_ = nullptr;
  std::optional<Journal> units_;
  std::optional<Journal> changes_;
  absl::flat_hash_map<std::string, absl::string_view> places_;  // of each unit's last record
  size_t live_ = 0;                                             // bytes of all of them
  bool full_ = false;
  remembered::Change change_;  // one for all, as the buffer is
  std::string buffer_;
};

}  // namespace socketd
