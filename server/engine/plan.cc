#include "server/engine/plan.h"

#include <map>
#include <optional>
#include <utility>

#include "proto/socketd/v1/unit.pb.h"
#include "server/engine/port_change.h"
#include "server/unit/schema.h"
#include "server/unit/unit_file.h"

namespace socketd {
namespace {

std::vector<Assignment> LinesOf(const Definition& definition) {
  const auto& written = definition.loaded.written;
  Problems ignored;
  if (written == nullptr) return {};
  return ReadAssignments("", WriteUnitFile(*written), ignored);
}

// In the order of the file before; what is new comes last.
std::vector<DirectiveChange> CompareDirectives(const Definition& before, const Definition& after) {
  std::vector<DirectiveChange> all;
  std::map<std::pair<std::string, std::string>, size_t> places;
  const auto place = [&](const Assignment& line) -> DirectiveChange& {
    const auto [found, added] = places.try_emplace({line.section, line.key}, all.size());
    if (added) all.push_back({line.section, line.key, {}, {}});
    return all[found->second];
  };
  for (Assignment& line : LinesOf(before))
    place(line).from.push_back(std::move(line.value));
  for (Assignment& line : LinesOf(after))
    place(line).to.push_back(std::move(line.value));
  std::vector<DirectiveChange> changed;
  for (DirectiveChange& directive : all) {
    if (directive.from != directive.to) changed.push_back(std::move(directive));
  }
  return changed;
}

ListenerChange ChangeOf(const SocketSettings::Listener& listener,
                        ListenerChange::Action action,
                        size_t index) {
  ListenerChange change;
  change.action = action;
  change.kind = listener.kind;
  change.address = listener.address;
  change.index = index;
  return change;
}

std::vector<ListenerChange> CompareAllListeners(const SocketSettings& from,
                                                const SocketSettings& to) {
  using Action = ListenerChange::Action;
  std::vector<ListenerChange> changes;
  std::vector<bool> goes_on(from.listeners.size());
  const std::vector<std::optional<size_t>> pairs = PairPorts(from, to);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const SocketSettings::Listener& listener = to.listeners[i];
    ListenerChange change = ChangeOf(listener, pairs[i] ? Action::kKeep : Action::kOpen, i);
    if (pairs[i]) {
      goes_on[*pairs[i]] = true;
      PortChange port = CompareListeners(from.listeners[*pairs[i]].spec, listener.spec);
      change.set_live = std::move(port.live);
      change.at_next_start = std::move(port.at_next_start);
    }
    changes.push_back(std::move(change));
  }
  for (size_t i = 0; i < goes_on.size(); ++i) {
    if (!goes_on[i]) changes.push_back(ChangeOf(from.listeners[i], Action::kClose, i));
  }
  return changes;
}

UnitChange::Action ActionOf(const LoadedUnit& before, const LoadedUnit& after) {
  using Action = UnitChange::Action;
  if (before.state == LoadState::kNotFound) return Action::kCreate;
  if (after.state == LoadState::kNotFound) return Action::kRemove;
  return before.source_hash == after.source_hash ? Action::kUnchanged : Action::kChange;
}

}  // namespace

UnitChange PlanUnit(const PlanSubject& before, const Definition& after) {
  UnitChange change;
  change.unit = after.loaded.name.text();
  change.action = ActionOf(before.definition->loaded, after.loaded);
  change.directives = CompareDirectives(*before.definition, after);
  if (before.ports == nullptr || after.socket == nullptr) return change;
  change.at_next_start = RunKeys(*before.ports, *after.socket);
  if (change.at_next_start.empty())
    change.listeners = CompareAllListeners(*before.ports, *after.socket);
  return change;
}

bool NeedsRestart(const PlanSubject& before, const Definition& after) {
  const auto& from = before.definition->loaded.effective;
  const auto& to = after.loaded.effective;
  if (!before.runs || from == nullptr || to == nullptr) return false;
  // What [Unit] and [Install] say counts at once.
  return from->service().SerializeAsString() != to->service().SerializeAsString();
}

}  // namespace socketd
