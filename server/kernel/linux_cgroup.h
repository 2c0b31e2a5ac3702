// Control groups, as far as they are allowed here. A group is a folder of ours in the cgroup2
// hierarchy; an emptied one is used again for the next run of the same unit (or template), unless
// cgroup.kill was ever written to it: from then on Linux kills whatever is cloned into it. Where no
// folder can be made, a group is what can be found by session and process group.
//
// That a group is empty is looked at when its last child ends; only if somebody is left then is it
// watched by inotify(7), so a run without offspring costs one read. Engine thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/base/instant.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_poll.h"
#include "server/kernel/types.h"

namespace socketd {

class Cgroups {
 public:
  // `refused` says why a group is not a control group; empty: it is. `life` is from 1: in later
  // ones there are groups of the daemon before.
  struct Place {
    std::string base;
    std::string refused;
    int life = 1;
  };
  Cgroups(Poller& poller, Place place);
  Cgroups(const Cgroups&) = delete;
  Cgroups& operator=(const Cgroups&) = delete;
  ~Cgroups();

  bool real() const { return refused_.empty(); }
  // Folders that are open, two descriptors each.
  size_t open_folders() const { return slots_.size() - free_.size() + pooled_; }
  // Gives those up that are kept for groups to come.
  void DropPool();
  const std::string& base() const { return base_; }

  struct New {
    GroupHandle handle = GroupHandle::kNone;
    GroupId id = GroupId::kNone;
  };
  absl::StatusOr<New> Make(absl::string_view unit, Token token);
  // The daemon before made it; it is found by its folder in the base. NOT_FOUND: it is gone.
  absl::StatusOr<New> Adopt(GroupId id, Token token);
  // Those of the daemon before that nobody adopted: empty ones are removed, the others killed and
  // removed when they are empty. Returns the names of those.
  std::vector<std::string> EndAdoption();
  void Drop(GroupHandle handle);
  bool Has(GroupHandle handle) const { return Find(handle) != nullptr; }

  // For a clone: the folder, and cgroup.procs opened for writing.
  int FolderOf(GroupHandle handle) const;
  UniqueFd OpenProcs(GroupHandle handle) const;
  GroupId IdOf(GroupHandle handle) const;
  // Somebody wrote to its cgroup.kill: nothing can be cloned into it any more.
  bool Killed(GroupHandle handle) const;

  // Children between clone and their end.
  void AddMember(GroupHandle handle, int pid);
  struct Gone {
    int pid = 0;          // 0: it lives on, but is nobody's child any more
    bool killed = false;  // by SIGKILL, perhaps by cgroup.kill written by somebody else
  };
  void RemoveMember(GroupHandle handle, const Gone& gone, std::vector<Event>& events);

  // The group of ours that a living process is in, where no pidfd tells; kNone: none of ours.
  GroupId GroupOf(int pid) const;
  bool Knows(GroupId id) const;
  bool Contains(GroupHandle handle, int pid, int pidfd) const;
  bool Populated(GroupHandle handle) const;
  std::vector<int> Members(GroupHandle handle) const;
  Reached Signal(GroupHandle handle, int signal);

  // inotify has something, or it is time to look at groups that cannot be watched.
  void OnInotify(std::vector<Event>& events);
  void Look(Instant now, std::vector<Event>& events);
  Instant next_look() const { return next_look_; }

 private:
  struct Slot {
    uint32_t generation = 1;
    bool used = false;
    bool dropped = false;
    bool killed = false;
    bool had_process = false;
    bool waiting = false;  // its last child ended, somebody is left
    int members = 0;
    Token token = Token::kNone;
    std::string name;  // of the folder
    std::string kind;  // the pool it goes back to
    UniqueFd folder;
    UniqueFd events;
    int watch = -1;
    uint64_t id = 0;
    std::vector<int> sessions;  // without control groups: what was started here
  };
  struct Pooled {
    std::string name;
    UniqueFd folder;
    UniqueFd events;
    uint64_t id = 0;
  };

  static GroupHandle HandleOf(uint32_t index, uint32_t generation) {
    return static_cast<GroupHandle>((static_cast<uint64_t>(generation) << 32) | index);
  }
  Slot* Find(GroupHandle handle);
  const Slot* Find(GroupHandle handle) const;
  uint32_t TakeSlot();
  absl::Status OpenFolder(absl::string_view unit, Slot& slot);
  absl::Status OpenFiles(Slot& slot);
  // Notes the groups that are in the base.
  void LookForLeft();
  static bool KnownEmpty(const Slot& slot);
  bool IsPopulated(const Slot& slot) const;
  void Settle(uint32_t index, std::vector<Event>& events);
  void StartWaiting(uint32_t index);
  void StopWaiting(Slot& slot);
  void Free(uint32_t index);
  bool Recycle(Slot& slot);
  void RemoveFolder(Slot& slot);
  std::vector<int> MembersOf(const Slot& slot) const;
  bool IsMember(const Slot& slot, int pid, int pidfd) const;

  Poller& poller_;
  std::string base_;
  std::string base_path_;  // the same as /proc has it
  std::string refused_;
  UniqueFd base_folder_;
  UniqueFd inotify_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<std::string, std::vector<Pooled>> pool_;
  size_t pooled_ = 0;
  absl::flat_hash_map<int, uint32_t> watches_;  // inotify watch to slot
  int waiting_ = 0;
  int unwatched_ = 0;  // waiting ones that inotify does not watch
  Instant next_look_ = Instant::Never();
  uint64_t serial_ = 0;
  absl::flat_hash_map<uint64_t, std::string> left_;  // names of groups of the daemon before, by id
};

}  // namespace socketd
