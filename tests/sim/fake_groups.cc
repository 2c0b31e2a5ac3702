#include "tests/sim/fake_groups.h"

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

void FakeGroups::Enter(GroupId group) {
  ++groups_.at(group).members;
}

void FakeGroups::Leave(GroupId group) {
  State& state = groups_.at(group);
  if (--state.members > 0) return;
  if (state.token == Token::kNone) {
    groups_.erase(group);
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
