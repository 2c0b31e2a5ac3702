// Control groups that the daemon before made.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_cgroup.h"
#include "server/kernel/linux_members.h"

namespace socketd {

void Cgroups::LookForLeft() {
  for (const std::string& name : SubfoldersOf(base_folder_.get())) {
    struct stat status{};
    uint64_t serial = 0;
    // "UNIT.SERIAL": the daemon's own leaf has no number.
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || !absl::SimpleAtoi(name.substr(dot + 1), &serial)) continue;
    if (fstatat(base_folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    serial_ = std::max(serial_, serial);
    left_[status.st_ino] = name;
  }
}

absl::StatusOr<Cgroups::New> Cgroups::Adopt(GroupId id, Token token) {
  const auto found = left_.find(static_cast<uint64_t>(id));
  if (id == GroupId::kNone || (real() && found == left_.end())) {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_GROUP", "the control group is gone",
                 {{"group", absl::StrCat(static_cast<uint64_t>(id))}});
  }
  const uint32_t index = TakeSlot();
  Slot& slot = slots_[index];
  if (real()) {
    slot.name = std::move(found->second);
    left_.erase(found);
    if (absl::Status opened = OpenFiles(slot); !opened.ok()) return opened;
    // Whether somebody has written to its cgroup.kill nobody knows.
    slot.killed = true;
  }
  free_.pop_back();
  slot.id = static_cast<uint64_t>(id);
  slot.used = true;
  slot.token = token;
  const New adopted{HandleOf(index, slot.generation), id};
  if (!real() || !IsPopulated(slot)) return adopted;
  slot.had_process = true;
  StartWaiting(index);
  // What happened before the watch was set is not reported by it.
  if (!IsPopulated(slot)) next_look_ = Instant::Start();
  return adopted;
}

std::vector<std::string> Cgroups::EndAdoption() {
  std::vector<std::string> killed;
  while (!left_.empty()) {
    const GroupId id = static_cast<GroupId>(left_.begin()->first);
    const std::string name = left_.begin()->second;
    const absl::StatusOr<New> adopted = Adopt(id, Token::kNone);
    if (!adopted.ok()) {
      left_.erase(static_cast<uint64_t>(id));
      continue;
    }
    if (Signal(adopted->handle, SIGKILL) == Reached::kSomebody) killed.push_back(name);
    Drop(adopted->handle);
  }
  return killed;
}

}  // namespace socketd
