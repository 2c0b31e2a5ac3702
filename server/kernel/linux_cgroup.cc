#include "server/kernel/linux_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_members.h"

namespace socketd {
namespace {

// Emptied groups kept for the next run; each costs two descriptors.
constexpr size_t kPoolMax = 256;
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);
constexpr size_t kNameMax = 200;

// Instances share the pool of their template: "web@7.service" and "web@8.service" are one kind.
std::string KindOf(absl::string_view unit) {
  const size_t at = unit.find('@');
  if (at == absl::string_view::npos) return std::string(unit);
  const size_t dot = unit.rfind('.');
  const absl::string_view suffix = dot == absl::string_view::npos ? "" : unit.substr(dot);
  return absl::StrCat(unit.substr(0, at + 1), suffix);
}

std::string FolderName(absl::string_view kind, uint64_t serial) {
  std::string name(kind.substr(0, kNameMax));
  std::replace(name.begin(), name.end(), '/', '-');
  return absl::StrCat(name, ".", serial);
}

}  // namespace

Cgroups::Cgroups(Poller& poller, Place place)
    : poller_(poller), base_(std::move(place.base)), refused_(std::move(place.refused)) {
  // Groups that Linux does not number: no two lives may give the same number.
  if (!real()) serial_ = static_cast<uint64_t>(place.life) << 40;
  if (!real()) return;
  // Ours is a leaf of the base.
  base_path_ = OwnGroup();
  base_path_.resize(std::min(base_path_.size(), base_path_.rfind('/')));
  base_folder_ = Raised(UniqueFd(open(base_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  inotify_ = Raised(UniqueFd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
  if (inotify_ && !poller_.Watch(inotify_.get(), Poller::Source::kGroups, 0, 0).ok())
    inotify_.reset();  // the slow way round: Look
  if (place.life > 1) LookForLeft();
}

Cgroups::~Cgroups() {
  if (inotify_) poller_.Unwatch(inotify_.get());
  for (Slot& slot : slots_)
    if (slot.used) unlinkat(base_folder_.get(), slot.name.c_str(), AT_REMOVEDIR);
  DropPool();
}

void Cgroups::DropPool() {
  for (const auto& [kind, pooled] : std::exchange(pool_, {}))
    for (const Pooled& one : pooled)
      unlinkat(base_folder_.get(), one.name.c_str(), AT_REMOVEDIR);
  pooled_ = 0;
}

Cgroups::Slot* Cgroups::Find(GroupHandle handle) {
  return const_cast<Slot*>(std::as_const(*this).Find(handle));  // NOLINT: one search for both
}

const Cgroups::Slot* Cgroups::Find(GroupHandle handle) const {
  const auto index = static_cast<uint32_t>(static_cast<uint64_t>(handle));
  const auto generation = static_cast<uint32_t>(static_cast<uint64_t>(handle) >> 32);
  if (index >= slots_.size() || slots_[index].generation != generation) return nullptr;
  return slots_[index].used ? &slots_[index] : nullptr;
}

// The next free one; it is taken when it leaves the list.
uint32_t Cgroups::TakeSlot() {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  return free_.back();
}

absl::StatusOr<Cgroups::New> Cgroups::Make(absl::string_view unit, Token token) {
  const uint32_t index = TakeSlot();
  Slot& slot = slots_[index];
  if (real()) {
    if (absl::Status opened = OpenFolder(unit, slot); !opened.ok()) return opened;
  }
  free_.pop_back();
  // Groups that Linux does not number still have to be told apart; inodes are below this.
  if (!real()) slot.id = (1ULL << 63) | ++serial_;
  slot.used = true;
  slot.token = token;
  return New{HandleOf(index, slot.generation), static_cast<GroupId>(slot.id)};
}

absl::Status Cgroups::OpenFolder(absl::string_view unit, Slot& slot) {
  slot.kind = KindOf(unit);
  const auto pooled = pool_.find(slot.kind);
  if (pooled != pool_.end() && !pooled->second.empty()) {
    Pooled& taken = pooled->second.back();
    slot.name = std::move(taken.name);
    slot.folder = std::move(taken.folder);
    slot.events = std::move(taken.events);
    slot.id = taken.id;
    pooled->second.pop_back();
    if (pooled->second.empty()) pool_.erase(pooled);
    --pooled_;
    return absl::OkStatus();
  }
  slot.name = FolderName(slot.kind, ++serial_);
  if (mkdirat(base_folder_.get(), slot.name.c_str(), 0755) != 0)
    return SystemError(errno, "mkdir", {{"group", absl::StrCat(base_, "/", slot.name)}});
  return OpenFiles(slot);
}

absl::Status Cgroups::OpenFiles(Slot& slot) {
  slot.folder = Raised(
      UniqueFd(openat(base_folder_.get(), slot.name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (slot.folder) {
    slot.events =
        Raised(UniqueFd(openat(slot.folder.get(), "cgroup.events", O_RDONLY | O_CLOEXEC)));
  }
  if (!slot.events) {
    const int error = errno;
    RemoveFolder(slot);
    return SystemError(error, "open", {{"group", slot.name}});
  }
  slot.id = InodeOf(slot.folder.get());
  return absl::OkStatus();
}

void Cgroups::RemoveFolder(Slot& slot) {
  if (slot.watch >= 0) inotify_rm_watch(inotify_.get(), slot.watch);
  watches_.erase(slot.watch);
  slot.watch = -1;
  if (slot.folder) RemoveSubgroups(slot.folder.get());
  slot.folder.reset();
  slot.events.reset();
  unlinkat(base_folder_.get(), slot.name.c_str(), AT_REMOVEDIR);
}

bool Cgroups::Recycle(Slot& slot) {
  if (slot.killed || pooled_ >= kPoolMax || HasSubgroups(slot.folder.get())) return false;
  if (slot.watch >= 0) {
    inotify_rm_watch(inotify_.get(), slot.watch);
    watches_.erase(slot.watch);
    slot.watch = -1;
  }
  pool_[slot.kind].push_back(
      {std::move(slot.name), std::move(slot.folder), std::move(slot.events), slot.id});
  ++pooled_;
  return true;
}

void Cgroups::Free(uint32_t index) {
  Slot& slot = slots_[index];
  StopWaiting(slot);
  if (real() && !Recycle(slot)) RemoveFolder(slot);
  const uint32_t generation = slot.generation + 1;
  slot = Slot{};
  slot.generation = generation == 0 ? 1 : generation;
  free_.push_back(index);
}

void Cgroups::Drop(GroupHandle handle) {
  Slot* slot = Find(handle);
  if (slot == nullptr) return;
  const auto index = static_cast<uint32_t>(slot - slots_.data());
  slot->dropped = true;
  if (slot->members > 0 || slot->waiting) return;
  if (slot->had_process && IsPopulated(*slot)) {
    StartWaiting(index);
  } else {
    Free(index);
  }
}

int Cgroups::FolderOf(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  return slot != nullptr ? slot->folder.get() : -1;
}

UniqueFd Cgroups::OpenProcs(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  if (slot == nullptr) return UniqueFd();
  return UniqueFd(openat(slot->folder.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
}

GroupId Cgroups::IdOf(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  return slot != nullptr ? static_cast<GroupId>(slot->id) : GroupId::kNone;
}

bool Cgroups::Killed(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  return slot != nullptr && slot->killed;
}

void Cgroups::AddMember(GroupHandle handle, int pid) {
  Slot* slot = Find(handle);
  if (slot == nullptr) return;
  ++slot->members;
  slot->had_process = true;
  if (!real() && !InSession(pid, slot->sessions)) slot->sessions.push_back(pid);
}

void Cgroups::RemoveMember(GroupHandle handle, const Gone& gone, std::vector<Event>& events) {
  Slot* slot = Find(handle);
  if (slot == nullptr) return;
  --slot->members;
  slot->killed = slot->killed || gone.killed;
  // The number of a session that is gone may be somebody else's soon.
  if (!real() && gone.pid != 0 && SessionMembers({gone.pid}).empty()) {
    auto& sessions = slot->sessions;
    sessions.erase(std::remove(sessions.begin(), sessions.end(), gone.pid), sessions.end());
  }
  if (slot->members == 0) Settle(static_cast<uint32_t>(slot - slots_.data()), events);
}

// No child of ours is in the group any more: it is empty now, or somebody is left.
void Cgroups::Settle(uint32_t index, std::vector<Event>& events) {
  Slot& slot = slots_[index];
  if (slot.members > 0) return;
  if (IsPopulated(slot)) {
    slot.had_process = true;
    StartWaiting(index);
    // What happened before the watch was set is not reported by it.
    if (IsPopulated(slot)) return;
  }
  StopWaiting(slot);
  if (slot.had_process && !slot.dropped)
    events.push_back({.kind = Event::Kind::kGroupEmpty, .token = slot.token});
  slot.had_process = false;
  if (!real()) slot.sessions.clear();
  if (slot.dropped) Free(index);
}

void Cgroups::StartWaiting(uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.waiting) return;
  slot.waiting = true;
  ++waiting_;
  if (inotify_ && slot.watch < 0) {
    const std::string path = absl::StrCat(base_, "/", slot.name, "/cgroup.events");
    slot.watch = inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY);
  }
  if (slot.watch >= 0) {
    watches_[slot.watch] = index;
    return;
  }
  ++unwatched_;
  next_look_ = std::min(next_look_, Poller::Now() + kLookEvery);
}

void Cgroups::StopWaiting(Slot& slot) {
  if (!slot.waiting) return;
  slot.waiting = false;
  --waiting_;
  if (slot.watch < 0) --unwatched_;
}

void Cgroups::OnInotify(std::vector<Event>& events) {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  const ssize_t length = read(inotify_.get(), buffer.data(), buffer.size());
  for (ssize_t at = 0; at < length;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    if ((event->mask & IN_Q_OVERFLOW) != 0) next_look_ = Instant::Start();
    const auto found = watches_.find(event->wd);
    if (found == watches_.end()) continue;
    const uint32_t index = found->second;
    if (slots_[index].waiting && !IsPopulated(slots_[index])) Settle(index, events);
  }
}

void Cgroups::Look(Instant now, std::vector<Event>& events) {
  if (now < next_look_) return;
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].used && slots_[index].waiting && !IsPopulated(slots_[index]))
      Settle(index, events);
  }
  next_look_ = unwatched_ > 0 ? now + kLookEvery : Instant::Never();
}

bool Cgroups::Knows(GroupId id) const {
  return std::any_of(slots_.begin(), slots_.end(), [id](const Slot& slot) {
    return slot.used && static_cast<GroupId>(slot.id) == id;
  });
}

GroupId Cgroups::GroupOf(int pid) const {
  const UniqueFd pidfd(pid > 0 ? PidfdOpen(pid) : -1);
  if (!pidfd) return GroupId::kNone;
  const std::string name = real() ? GroupNameOf(pid, base_path_) : "";
  const SessionOf session(real() ? 0 : pid);
  GroupId found = GroupId::kNone;
  for (const Slot& slot : slots_) {
    if (!slot.used) continue;
    const bool member = real() ? slot.name == name : session.In(slot.sessions);
    if (member) found = static_cast<GroupId>(slot.id);
  }
  // It may have ended meanwhile, and its number may be somebody else's.
  return PidfdSignal(pidfd.get(), 0, 0) == 0 ? found : GroupId::kNone;
}

bool Cgroups::Contains(GroupHandle handle, int pid, int pidfd) const {
  const Slot* slot = Find(handle);
  return slot != nullptr && IsMember(*slot, pid, pidfd);
}

bool Cgroups::Populated(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  return slot != nullptr && !KnownEmpty(*slot) && IsPopulated(*slot);
}

std::vector<int> Cgroups::Members(GroupHandle handle) const {
  const Slot* slot = Find(handle);
  return slot != nullptr ? MembersOf(*slot) : std::vector<int>();
}

// None of ours is in it, and when the last one left nobody else was (Settle). Asking the kernel
// again would be most of what a short-lived instance costs.
bool Cgroups::KnownEmpty(const Slot& slot) {
  return slot.members == 0 && !slot.waiting;
}

bool Cgroups::IsPopulated(const Slot& slot) const {
  if (!real()) return !MembersOf(slot).empty();
  std::array<char, 256> text{};
  const ssize_t length = pread(slot.events.get(), text.data(), text.size(), 0);
  if (length <= 0) return false;
  return absl::StrContains(absl::string_view(text.data(), static_cast<size_t>(length)),
                           "populated 1");
}

std::vector<int> Cgroups::MembersOf(const Slot& slot) const {
  return real() ? GroupMembers(slot.folder.get()) : SessionMembers(slot.sessions);
}

bool Cgroups::IsMember(const Slot& slot, int pid, int pidfd) const {
  return real() ? InGroup(slot.folder.get(), slot.id, {pid, pidfd}) : InSession(pid, slot.sessions);
}

Reached Cgroups::Signal(GroupHandle handle, int signal) {
  Slot* slot = Find(handle);
  if (slot == nullptr || KnownEmpty(*slot)) return Reached::kNobody;
  if (real() && signal == SIGKILL) {
    const Reached reached = IsPopulated(*slot) ? Reached::kSomebody : Reached::kNobody;
    UniqueFd kill(openat(slot->folder.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
    if (reached == Reached::kNobody) return reached;
    if (kill && write(kill.get(), "1", 1) == 1) {
      slot->killed = true;
      return reached;
    }
  }
  return SignalMembers({
      .signal = signal,
      .list = [this, slot] { return MembersOf(*slot); },
      .is_member = [this, slot](int pid, int pidfd) { return IsMember(*slot, pid, pidfd); },
  });
}

}  // namespace socketd
