#include "server/kernel/linux_members.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/kernel/linux_abi.h"

namespace socketd {
namespace {

constexpr int kDepthMax = 16;         // sub-groups in sub-groups
constexpr size_t kPidsMax = 1 << 16;  // pid_max is 4 million at most; more here is a fork bomb
constexpr int kRoundsMax = 64;

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

Folder Listing(int folder) {
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* opened = copy >= 0 ? fdopendir(copy) : nullptr;
  if (opened == nullptr && copy >= 0) close(copy);
  return {opened, closedir};
}

}  // namespace

std::vector<std::string> SubfoldersOf(int folder) {
  std::vector<std::string> names;
  const Folder listing = Listing(folder);
  if (listing == nullptr) return names;
  for (const dirent* entry = readdir(listing.get()); entry != nullptr;
       entry = readdir(listing.get())) {
    const absl::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

namespace {

UniqueFd OpenFolder(int folder, const std::string& name) {
  return UniqueFd(openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::string ReadAll(int folder, const char* name) {
  std::string text;
  const UniqueFd file(openat(folder, name, O_RDONLY | O_CLOEXEC));
  if (!file) return text;
  std::array<char, 8192> part{};
  for (ssize_t length = 1; length > 0 && text.size() < kPidsMax * 8;) {
    length = read(file.get(), part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<size_t>(length));
  }
  return text;
}

void AddMembers(int folder, int depth, std::vector<int>& pids) {
  for (absl::string_view line :
       absl::StrSplit(ReadAll(folder, "cgroup.procs"), '\n', absl::SkipEmpty())) {
    int pid = 0;
    if (absl::SimpleAtoi(line, &pid) && pid > 0 && pids.size() < kPidsMax) pids.push_back(pid);
  }
  if (depth == kDepthMax) return;
  for (const std::string& name : SubfoldersOf(folder)) {
    const UniqueFd below = OpenFolder(folder, name);
    if (below) AddMembers(below.get(), depth + 1, pids);
  }
}

void RemoveBelow(int folder, int depth) {
  for (const std::string& name : SubfoldersOf(folder)) {
    if (depth < kDepthMax) {
      const UniqueFd below = OpenFolder(folder, name);
      if (below) RemoveBelow(below.get(), depth + 1);
    }
    unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
}

bool HasId(int folder, uint64_t id, int depth) {
  if (InodeOf(folder) == id) return true;
  if (depth == kDepthMax) return false;
  for (const std::string& name : SubfoldersOf(folder)) {
    const UniqueFd below = OpenFolder(folder, name);
    if (below && HasId(below.get(), id, depth + 1)) return true;
  }
  return false;
}

// proc(5), /proc/PID/stat: state, process group and session follow the name in brackets.
struct Stat {
  char state = 'Z';
  int process_group = 0;
  int session = 0;
};

Stat StatOf(int pid) {
  Stat stat;
  const UniqueFd folder(
      open(absl::StrCat("/proc/", pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return stat;
  const std::string text = ReadAll(folder.get(), "stat");
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return stat;
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::string_view(text).substr(end + 1), ' ', absl::SkipEmpty());
  if (words.size() < 4) return stat;
  const bool numbers =
      absl::SimpleAtoi(words[2], &stat.process_group) && absl::SimpleAtoi(words[3], &stat.session);
  stat.state = numbers ? words[0][0] : 'Z';
  return stat;
}

std::string GroupPathOf(const std::string& process) {
  const UniqueFd folder(open(process.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return "";
  for (absl::string_view line : absl::StrSplit(ReadAll(folder.get(), "cgroup"), '\n'))
    if (absl::ConsumePrefix(&line, "0::")) return std::string(line);
  return "";
}

bool SignalMember(const MemberSignal& order, int pid) {
  const UniqueFd pidfd(PidfdOpen(pid));
  if (!pidfd || !order.is_member(pid, pidfd.get())) return false;
  if (PidfdSignal(pidfd.get(), order.signal, 0) != 0) return false;
  if (order.signal == SIGTERM) PidfdSignal(pidfd.get(), SIGCONT, 0);
  return true;
}

bool Contains(const std::vector<int>& numbers, int number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

void RemoveSubgroups(int folder) {
  RemoveBelow(folder, 0);
}

bool HasSubgroups(int folder) {
  // A folder has a link from each folder in it, its own and its parent's.
  struct stat status{};
  return fstat(folder, &status) == 0 && status.st_nlink > 2;
}

std::vector<int> GroupMembers(int folder) {
  std::vector<int> pids;
  AddMembers(folder, 0, pids);
  return pids;
}

std::string GroupNameOf(int pid, absl::string_view base) {
  const std::string path = GroupPathOf(absl::StrCat("/proc/", pid));
  // From its start: anybody may give a folder of his the name of ours.
  absl::string_view below = path;
  if (base.empty() || !absl::ConsumePrefix(&below, base) || !absl::ConsumePrefix(&below, "/"))
    return "";
  return std::string(below.substr(0, below.find('/')));
}

std::string OwnGroup() {
  return GroupPathOf("/proc/self");
}

bool InGroup(int folder, uint64_t id, const Process& process) {
  PidfdInfo info;
  info.mask = PidfdInfo::kCgroup;
  if (PidfdAsk(process.pidfd, info))
    return info.cgroup_id == id || HasId(folder, info.cgroup_id, 0);
  // Older kernels: it is still listed after its pidfd was opened, and still alive.
  return Contains(GroupMembers(folder), process.pid) && PidfdSignal(process.pidfd, 0, 0) == 0;
}

std::vector<int> SessionMembers(const std::vector<int>& sessions) {
  std::vector<int> pids;
  if (sessions.empty()) return pids;
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return pids;
  for (const std::string& name : SubfoldersOf(proc.get())) {
    int pid = 0;
    if (absl::SimpleAtoi(name, &pid) && InSession(pid, sessions)) pids.push_back(pid);
  }
  return pids;
}

SessionOf::SessionOf(int pid) {
  const Stat stat = StatOf(pid);
  if (stat.state == 'Z' || stat.state == 'X') return;
  process_group = stat.process_group;
  session = stat.session;
}

bool SessionOf::In(const std::vector<int>& sessions) const {
  return Contains(sessions, process_group) || Contains(sessions, session);
}

bool InSession(int pid, const std::vector<int>& sessions) {
  return !sessions.empty() && SessionOf(pid).In(sessions);
}

Reached SignalMembers(const MemberSignal& order) {
  absl::flat_hash_set<int> done;
  Reached reached = Reached::kNobody;
  bool found = true;
  for (int round = 0; found && round < kRoundsMax; ++round) {
    found = false;
    for (const int pid : order.list()) {
      if (done.contains(pid) || !SignalMember(order, pid)) continue;
      done.insert(pid);
      found = true;
      reached = Reached::kSomebody;
    }
  }
  return reached;
}

}  // namespace socketd
