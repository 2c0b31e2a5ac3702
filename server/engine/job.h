// What a unit may be asked to become, one slot a unit, and how two wishes for one unit merge. The
// merge table is constexpr and proves its own algebra. A job waits, runs, and ends once; whoever
// asked is told then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/engine/engine_handle.h"
#include "server/unit/change.h"

namespace socketd {

enum class Work : uint8_t { kVerify, kStart, kReload, kReloadOrStart, kRestart, kStop };
inline constexpr size_t kWorks = 6;

// "start", "verify-active", ...
absl::string_view NameOf(Work work);
// None: there is no such work.
std::optional<Work> WorkOf(absl::string_view name);

// What satisfies both wishes; nothing where they contradict each other.
constexpr std::optional<Work> Merge(Work left, Work right) {
  using enum Work;
  using Cell = std::optional<Work>;
  constexpr Cell kNo = std::nullopt;
  // clang-format off
  constexpr std::array<std::array<Cell, kWorks>, kWorks> kTable = {{
    // verify         start           reload          reload-start    restart   stop
    {kVerify,         kStart,         kReload,        kReloadOrStart, kRestart, kNo  },
    {kStart,          kStart,         kReloadOrStart, kReloadOrStart, kRestart, kNo  },
    {kReload,         kReloadOrStart, kReload,        kReloadOrStart, kRestart, kNo  },
    {kReloadOrStart,  kReloadOrStart, kReloadOrStart, kReloadOrStart, kRestart, kNo  },
    {kRestart,        kRestart,       kRestart,       kRestart,       kRestart, kNo  },
    {kNo,             kNo,            kNo,            kNo,            kNo,      kStop},
  }};
  // clang-format on
  return kTable[static_cast<size_t>(left)][static_cast<size_t>(right)];
}

// Whether any third wish comes to the same, merged with `a` and `b` together or with one of them.
constexpr bool GroupingIsFree(Work a, Work b) {
  for (size_t i = 0; i < kWorks; ++i) {
    const auto c = static_cast<Work>(i);
    const auto first = Merge(a, b);
    const auto last = Merge(b, c);
    if ((first ? Merge(*first, c) : first) != (last ? Merge(a, *last) : last)) return false;
  }
  return true;
}

// Merging does not depend on order or grouping, and merging with itself changes nothing: a set of
// wishes has one outcome.
constexpr bool MergeIsSound() {
  for (size_t i = 0; i < kWorks; ++i) {
    const auto a = static_cast<Work>(i);
    if (Merge(a, a) != a) return false;
    for (size_t j = 0; j < kWorks; ++j) {
      const auto b = static_cast<Work>(j);
      if (Merge(a, b) != Merge(b, a) || !GroupingIsFree(a, b)) return false;
    }
  }
  return true;
}
static_assert(MergeIsSound());

// Told once, when the job ended: OK, or why not.
using JobEnd = std::function<void(const absl::Status&)>;

struct Job {
  Work work = Work::kStart;
  bool running = false;    // the unit has been told; else it waits
  bool reached = false;    // a start: the unit was active since
  bool unordered = false;  // an ordering circle was cut here, or the request said so
  bool queued = false;     // in the run queue
  Cause cause;
  std::vector<JobEnd> askers;

  // A restart stops first.
  bool stops() const { return work == Work::kStop || work == Work::kRestart; }
  bool starts() const { return work == Work::kStart || work == Work::kReloadOrStart; }
};

}  // namespace socketd
