// The edges between units: ordering, needing, stopping together, triggering. Each edge is kept at
// both ends, so every question is answered by one list; lists keep the order in which edges were
// made. Links do not own units: a unit cuts its edges before it goes. Engine thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace socketd {

class Unit;

// In pairs: a kind and its inverse.
enum class LinkKind : uint8_t {
  kBefore,
  kAfter,
  kRequires,
  kRequiredBy,
  kWants,
  kWantedBy,
  kRequisite,
  kRequisiteOf,
  kBindsTo,
  kBoundBy,
  kPartOf,
  kConsistsOf,
  kConflicts,
  kConflictedBy,
  kOnFailure,
  kOnFailureOf,
  kTriggers,
  kTriggeredBy,
};
inline constexpr size_t kLinkKinds = 18;

constexpr LinkKind InverseOf(LinkKind kind) {
  return static_cast<LinkKind>(static_cast<uint8_t>(kind) ^ 1U);
}

// "Before", "RequiredBy", ...
absl::string_view NameOf(LinkKind kind);

class Links {
 public:
  absl::Span<Unit* const> of(LinkKind kind) const {
    if (edges_ == nullptr) return {};
    return edges_->by_kind[static_cast<size_t>(kind)];
  }
  bool Has(LinkKind kind, const Unit& other) const;
  bool Empty() const;

  // Makes the edge and its inverse, once; an edge to itself is none. Both ends may declare it.
  static void Tie(Unit& from, LinkKind kind, Unit& to);
  // Removes the edges that only `unit` itself declares (not what others declare about it).
  static void CutOwn(Unit& unit);
  // Removes every edge from and to `unit`.
  static void CutAll(Unit& unit);

 private:
  struct Edges {
    std::array<std::vector<Unit*>, kLinkKinds> by_kind;
    // Those made by this unit's own definition.
    std::vector<std::pair<LinkKind, Unit*>> own;
  };
  Edges& edges();
  std::vector<Unit*>& at(LinkKind kind) { return edges().by_kind[static_cast<size_t>(kind)]; }
  bool Owns(LinkKind kind, const Unit& other) const;
  void Remove(LinkKind kind, const Unit& other);

  std::unique_ptr<Edges> edges_;  // null: none yet, as with most instances
};

}  // namespace socketd
