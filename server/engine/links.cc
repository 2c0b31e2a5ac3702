#include "server/engine/links.h"

#include <algorithm>
#include <utility>

#include "server/engine/unit.h"

namespace socketd {

absl::string_view NameOf(LinkKind kind) {
  static constexpr std::array<absl::string_view, kLinkKinds> kNames = {
      "Before",    "After",        "Requires",  "RequiredBy",  "Wants",    "WantedBy",
      "Requisite", "RequisiteOf",  "BindsTo",   "BoundBy",     "PartOf",   "ConsistsOf",
      "Conflicts", "ConflictedBy", "OnFailure", "OnFailureOf", "Triggers", "TriggeredBy"};
  return kNames[static_cast<size_t>(kind)];
}

bool Links::Has(LinkKind kind, const Unit& other) const {
  const auto edges = of(kind);
  return std::find(edges.begin(), edges.end(), &other) != edges.end();
}

bool Links::Empty() const {
  return std::all_of(edges_.begin(), edges_.end(), [](const auto& edges) { return edges.empty(); });
}

void Links::Tie(Unit& from, LinkKind kind, Unit& to) {
  if (&from == &to || from.links().Owns(kind, to)) return;
  from.links().own_.emplace_back(kind, &to);
  if (from.links().Has(kind, to)) return;  // the other end has declared it
  from.links().at(kind).push_back(&to);
  to.links().at(InverseOf(kind)).push_back(&from);
}

bool Links::Owns(LinkKind kind, const Unit& other) const {
  return std::any_of(own_.begin(), own_.end(), [&](const auto& edge) {
    return edge.first == kind && edge.second == &other;
  });
}

void Links::Remove(LinkKind kind, const Unit& other) {
  std::vector<Unit*>& edges = at(kind);
  // From the back: what goes is most often what came last.
  const auto found = std::find(edges.rbegin(), edges.rend(), &other);
  if (found != edges.rend()) edges.erase(std::next(found).base());
  const auto same = [&](const auto& edge) { return edge.first == kind && edge.second == &other; };
  own_.erase(std::remove_if(own_.begin(), own_.end(), same), own_.end());
}

void Links::CutOwn(Unit& unit) {
  for (const auto& [kind, other] : std::exchange(unit.links().own_, {})) {
    if (other->links().Owns(InverseOf(kind), unit)) continue;
    unit.links().Remove(kind, *other);
    other->links().Remove(InverseOf(kind), unit);
  }
}

void Links::CutAll(Unit& unit) {
  for (size_t i = 0; i < kLinkKinds; ++i) {
    const auto kind = static_cast<LinkKind>(i);
    for (Unit* other : unit.links().edges_[i])
      other->links().Remove(InverseOf(kind), unit);
    unit.links().edges_[i].clear();
  }
  unit.links().own_.clear();
}

}  // namespace socketd
