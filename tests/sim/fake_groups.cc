#include "tests/sim/fake_groups.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace socketd::sim {

Group FakeGroups::Make(ProcessOwner& owner, absl::string_view unit, Token token) {
  const uint64_t number = next_++;
  const auto id = static_cast<GroupId>(number);
  const auto handle = static_cast<GroupHandle>(number);
  groups_[id] = State{absl::StrCat(unit, "#", number), 0, token};
  owned_[handle] = id;
  return Group(owner, handle, id);
}

void FakeGroups::Drop(GroupHandle handle) {
  const auto found = owned_.find(handle);
  if (found == owned_.end()) return;
  const GroupId id = found->second;
  owned_.erase(found);
  events_.Drop(About(id));
  State& state = groups_.at(id);
  state.token = Token::kNone;
  if (state.members == 0) groups_.erase(id);
}

void FakeGroups::Abandon() {
  for (const auto& [handle, id] : std::exchange(owned_, {})) {
    State& state = groups_.at(id);
    state.token = Token::kNone;
    state.left = true;
  }
}

absl::StatusOr<Group> FakeGroups::Adopt(ProcessOwner& owner, GroupId id, Token token) {
  const auto found = groups_.find(id);
  if (found == groups_.end() || !found->second.left)
    return absl::NotFoundError("no such group was left");
  const auto handle = static_cast<GroupHandle>(next_++);
  found->second.left = false;
  found->second.token = token;
  owned_[handle] = id;
  return Group(owner, handle, id);
}

std::vector<GroupId> FakeGroups::EndTakeOver() {
  std::vector<GroupId> populated;
  for (auto at = groups_.begin(); at != groups_.end();) {
    const auto here = at++;
    if (!std::exchange(here->second.left, false)) continue;
    if (here->second.members > 0) populated.push_back(here->first);
    if (here->second.members == 0) groups_.erase(here);
  }
  return populated;
}

void FakeGroups::Enter(GroupId group) {
  ++groups_.at(group).members;
}

void FakeGroups::Leave(GroupId group) {
  State& state = groups_.at(group);
  if (--state.members > 0) return;
  if (state.token == Token::kNone) {
    if (!state.left) groups_.erase(group);
    return;
  }
  Event event;
  event.kind = Event::Kind::kGroupEmpty;
  event.token = state.token;
  events_.Push(About(group), event);
}

bool FakeGroups::Populated(GroupId group) const {
  const auto found = groups_.find(group);
  return found != groups_.end() && found->second.members > 0;
}

std::string FakeGroups::NameOf(GroupId group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::string() : found->second.name;
}

}  // namespace socketd::sim
