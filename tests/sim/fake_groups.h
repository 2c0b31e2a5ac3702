// The control groups of the fake world: who is in them, and who wants to know when they are empty.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"
#include "tests/sim/event_queue.h"

namespace socketd::sim {

class FakeGroups {
 public:
  explicit FakeGroups(EventQueue& events) : events_(events) {}

  Group Make(ProcessOwner& owner, absl::string_view unit, Token token);
  void Drop(GroupHandle handle);

  // The daemon is gone, and its groups stay for the next one; until EndTakeOver.
  void Abandon();
  absl::StatusOr<Group> Adopt(ProcessOwner& owner, GroupId id, Token token);
  // Those that nobody has adopted.
  std::vector<GroupId> EndTakeOver();

  void Enter(GroupId group);
  // Tells the owner if it was the last one.
  void Leave(GroupId group);
  bool Populated(GroupId group) const;
  // "web.service#3" for every group that is still owned.
  size_t owned() const { return owned_.size(); }
  std::string NameOf(GroupId group) const;

 private:
  struct State {
    std::string name;
    int members = 0;
    Token token = Token::kNone;  // kNone: nobody wants to know any more
    bool left = false;           // by a daemon that is gone
  };
  static uint64_t About(GroupId group) { return static_cast<uint64_t>(group) << 32; }

  EventQueue& events_;
  uint64_t next_ = 1;
  std::map<GroupHandle, GroupId> owned_;
  std::map<GroupId, State> groups_;
};

}  // namespace socketd::sim
