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
  if (edges_ == nullptr) return true;
  return std::all_of(edges_->by_kind.begin(), edges_->by_kind.end(),
                     [](const auto& edges) { return edges.empty(); });
}

Links::Edges& Links::edges() {
  if (edges_ == nullptr) edges_ = std::make_unique<Edges>();
  return *edges_;
}

void Links::Tie(Unit& from, LinkKind kind, Unit& to) {
  if (&from == &to) return;
  // Either end tells; a target may have thousands of edges and what it names a few.
  const LinkKind inverse = InverseOf(kind);
  const bool from_knows = from.links().of(kind).size() <= to.links().of(inverse).size();
  const bool tied = from_knows ? from.links().Has(kind, to) : to.links().Has(inverse, from);
  if (tied && from.links().Owns(kind, to)) return;
  from.links().edges().own.emplace_back(kind, &to);
  if (tied) return;  // the other end has declared it
  from.links().at(kind).push_back(&to);
  to.links().at(inverse).push_back(&from);
}

bool Links::Owns(LinkKind kind, const Unit& other) const {
  if (edges_ == nullptr) return false;
  const auto& own = edges_->own;
  return std::any_of(own.begin(), own.end(),
                     [&](const auto& edge) { return edge.first == kind && edge.second == &other; });
}

void Links::Remove(LinkKind kind, const Unit& other) {
  std::vector<Unit*>& others = at(kind);
  // From the back: what goes is most often what came last.
  const auto found = std::find(others.rbegin(), others.rend(), &other);
  if (found != others.rend()) others.erase(std::next(found).base());
  const auto same = [&](const auto& edge) { return edge.first == kind && edge.second == &other; };
  std::vector<std::pair<LinkKind, Unit*>>& own = edges().own;
  const auto declared = std::find_if(own.rbegin(), own.rend(), same);
  if (declared != own.rend()) own.erase(std::next(declared).base());
}

void Links::CutOwn(Unit& unit) {
  if (unit.links().edges_ == nullptr) return;
  // From the back, as Remove looks for them.
  const std::vector<std::pair<LinkKind, Unit*>> own = std::exchange(unit.links().edges_->own, {});
  for (auto edge = own.rbegin(); edge != own.rend(); ++edge) {
    const auto& [kind, other] = *edge;
    if (other->links().Owns(InverseOf(kind), unit)) continue;
    unit.links().Remove(kind, *other);
    other->links().Remove(InverseOf(kind), unit);
  }
}

void Links::CutAll(Unit& unit) {
  const std::unique_ptr<Edges> edges = std::exchange(unit.links().edges_, nullptr);
  if (edges == nullptr) return;
  for (size_t i = 0; i < kLinkKinds; ++i) {
    for (Unit* other : edges->by_kind[i])
      other->links().Remove(InverseOf(static_cast<LinkKind>(i)), unit);
  }
}

}  // namespace socketd
