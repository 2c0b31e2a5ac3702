#include "server/kernel/linux_probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "server/kernel/linux_birth.h"

namespace socketd {
namespace {

constexpr long kCgroup2Magic = 0x63677270;  // CGROUP2_SUPER_MAGIC, NOLINT(google-runtime-int)
constexpr int kSiblingsMax = 100;           // daemons of the same process id, one after the other
constexpr int kProbePatience = 1000;        // milliseconds

std::string ReadText(const char* path) {
  std::string text;
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> part{};
  for (ssize_t length = file ? 1 : 0; length > 0;) {
    length = read(file.get(), part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<size_t>(length));
  }
  return text;
}

bool WriteText(const std::string& path, absl::string_view text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// proc(5), mountinfo: a space in a path is written \040.
std::string Unescaped(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      plain.push_back(text[i]);
      continue;
    }
    plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
    i += 3;
  }
  return plain;
}

// Our own path in the cgroup2 hierarchy, as /proc has it.
std::string OwnCgroup() {
  for (absl::string_view line : absl::StrSplit(ReadText("/proc/self/cgroup"), '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) return std::string(line);
  }
  return "";
}

// The folder of our own group as seen through one mount; empty: it is not visible there.
std::string ThroughMount(const std::vector<absl::string_view>& words, const std::string& own) {
  if (words.size() < 10 || own.empty() || absl::StartsWith(own, "/..")) return "";
  bool cgroup2 = false;
  for (size_t i = 6; i + 1 < words.size(); ++i)
    cgroup2 = cgroup2 || (words[i] == "-" && words[i + 1] == "cgroup2");
  if (!cgroup2) return "";
  const std::string root = Unescaped(words[3]);
  absl::string_view below = own;
  if (root != "/" && !absl::ConsumePrefix(&below, root)) return "";
  std::string path = Unescaped(words[4]);
  if (below != "/") absl::StrAppend(&path, below);
  struct statfs file_system{};
  const bool right = statfs(path.c_str(), &file_system) == 0 && file_system.f_type == kCgroup2Magic;
  return right ? path : "";
}

std::vector<std::string> OwnFolders() {
  std::vector<std::string> folders;
  const std::string own = OwnCgroup();
  for (absl::string_view line : absl::StrSplit(ReadText("/proc/self/mountinfo"), '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    std::string folder = ThroughMount(words, own);
    if (!folder.empty()) folders.push_back(std::move(folder));
  }
  return folders;
}

std::vector<std::string> FoldersIn(const std::string& parent) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(parent.c_str()), closedir);
  if (listing == nullptr) return names;
  for (const dirent* entry = readdir(listing.get()); entry != nullptr;
       entry = readdir(listing.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

// "socketd-PID" or "socketd-PID.N" of a process that is gone.
bool IsLeftover(absl::string_view name) {
  int pid = 0;
  if (!absl::ConsumePrefix(&name, "socketd-")) return false;
  if (!absl::SimpleAtoi(name.substr(0, name.find('.')), &pid) || pid <= 0) return false;
  return kill(pid, 0) != 0 && errno == ESRCH;
}

// Folders of daemons that are gone: removed as far as they are empty, never more.
void RemoveLeftovers(const std::string& parent) {
  for (const std::string& name : FoldersIn(parent)) {
    if (!IsLeftover(name)) continue;
    const std::string base = absl::StrCat(parent, "/", name);
    for (const std::string& group : FoldersIn(base))
      rmdir(absl::StrCat(base, "/", group).c_str());
    rmdir(base.c_str());
  }
}

// The first name that is free: a dead daemon's services may still live in its folder.
std::string MakeBase(const std::string& parent) {
  for (int i = 0; i < kSiblingsMax; ++i) {
    std::string base = absl::StrCat(parent, "/socketd-", getpid());
    if (i > 0) absl::StrAppend(&base, ".", i);
    if (mkdir(base.c_str(), 0755) == 0) return base;
    if (errno != EEXIST) return "";
  }
  return "";
}

struct Ended {
  bool ended = false;
  bool killed = false;
};

// A child that obeys an order with an unknown word: it ends by itself, having touched nothing.
absl::StatusOr<Ended> TryChild(const Births::Clone& clone) {
  static char* no_environment[] = {nullptr};
  Births births;
  BirthBlock* block = births.Acquire();
  if (block == nullptr) return SystemError(ENOMEM, "mmap");
  block->words = {"socketd-probe", "?", nullptr};
  block->birth->words = block->words.data();
  block->birth->environment = no_environment;
  block->birth->source_count = 0;
  block->birth->cgroup_procs = -1;
  block->birth->executor = -1;
  block->birth->drop_from = kHighNumber;
  absl::StatusOr<Births::Born> born = Births::Start(*block, clone);
  if (!born.ok()) return born.status();
  pollfd end{born->pidfd.get(), POLLIN, 0};
  Ended ended;
  ended.ended = poll(&end, 1, kProbePatience) == 1;
  if (!ended.ended)
    PidfdSignal(born->pidfd.get(), SIGKILL, 0);  // nobody must be left in our memory
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(born->pidfd.get()), &info, WEXITED) == 0)
    ended.killed = info.si_code == CLD_KILLED && info.si_status == SIGKILL;
  births.Release(block);
  return ended;
}

void Add(Machine& machine, absl::string_view name, bool available, std::string detail) {
  machine.capabilities.push_back({std::string(name), available, std::move(detail)});
}

void ProbeClone(Machine& machine) {
  const UniqueFd told(eventfd(0, EFD_CLOEXEC));
  absl::StatusOr<Ended> ended = TryChild({.cgroup = -1, .shared_files = true, .tell = told.get()});
  machine.shared_files = ended.ok() && ended->ended && !ended->killed;
  Add(machine, "close-range", machine.shared_files,
      machine.shared_files ? "children copy low descriptors only"
                           : "children copy the whole descriptor table");
}

void ProbeIntoCgroup(Machine& machine) {
  const std::string path = absl::StrCat(machine.cgroup_base, "/probe");
  if (mkdir(path.c_str(), 0755) != 0) return;
  const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  absl::StatusOr<Ended> ended = TryChild({.cgroup = folder.get(), .shared_files = false});
  machine.into_cgroup = ended.ok() && ended->ended && !ended->killed;
  std::string detail = "children are born in their group";
  if (!machine.into_cgroup) {
    detail = absl::StrCat("children move themselves into their group: ",
                          ended.ok() ? "killed at birth" : std::string(ended.status().message()));
  }
  Add(machine, "clone-into-cgroup", machine.into_cgroup, std::move(detail));
  const bool kill_file = access(absl::StrCat(path, "/cgroup.kill").c_str(), W_OK) == 0;
  Add(machine, "cgroup-kill", kill_file,
      kill_file ? "one write kills a group" : "a group is killed process by process");
  rmdir(path.c_str());
}

// Whether a child may be put there at all: the write variant must work where nothing else does.
bool CanMoveInto(const std::string& base) {
  return WriteText(absl::StrCat(base, "/cgroup.procs"), "0");
}

void ProbeCgroups(Machine& machine, const std::vector<std::string>& folders) {
  if (machine.cgroup_refused.empty())
    machine.cgroup_refused = "no cgroup2 mount shows our own group";
  for (const std::string& folder : folders) {
    RemoveLeftovers(folder);
    std::string base = MakeBase(folder);
    if (base.empty()) {
      machine.cgroup_refused = absl::StrCat("mkdir in ", folder, ": ", ErrnoName(errno));
      continue;
    }
    const std::string leaf = absl::StrCat(base, "/daemon");
    if (mkdir(leaf.c_str(), 0755) == 0 && CanMoveInto(leaf)) {
      machine.cgroup_base = std::move(base);
      machine.cgroup_home = folder;
      machine.cgroup_refused.clear();
      break;
    }
    machine.cgroup_refused = absl::StrCat("move into ", leaf, ": ", ErrnoName(errno));
    rmdir(leaf.c_str());
    rmdir(base.c_str());
  }
  const bool found = machine.cgroup_refused.empty();
  Add(machine, "control-groups", found,
      found ? machine.cgroup_base
            : absl::StrCat("groups are sessions and process groups: ", machine.cgroup_refused));
  if (found) ProbeIntoCgroup(machine);
}

void ProbePidfd(Machine& machine) {
  const UniqueFd pidfd(PidfdOpen(getpid()));
  Add(machine, "pidfd", static_cast<bool>(pidfd), pidfd ? "" : "processes cannot be watched");
  PidfdInfo info;
  info.mask = PidfdInfo::kPid | PidfdInfo::kCgroup;
  const bool knows = PidfdAsk(pidfd.get(), info);
  Add(machine, "pidfd-info", knows,
      knows ? "the group of a process is asked of its pidfd" : "groups are read from cgroup.procs");
  struct statfs file_system{};
  constexpr auto kPidFsMagic = 0x50494446;  // PID_FS_MAGIC
  machine.pidfd_ids = fstatfs(pidfd.get(), &file_system) == 0 && file_system.f_type == kPidFsMagic;
  Add(machine, "pidfd-id", machine.pidfd_ids,
      machine.pidfd_ids ? "LISTEN_PIDFDID is set" : "no LISTEN_PIDFDID");
  const bool group = PidfdSignal(pidfd.get(), 0, kPidfdSignalGroup) == 0;
  Add(machine, "pidfd-process-group", group,
      group ? "" : "process groups are signalled by number while their leader is held");
}

void RaiseLimits(Machine& machine) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  machine.files = {RLIMIT_NOFILE, limit.rlim_cur, limit.rlim_max};
  machine.most_files = limit.rlim_cur;
  rlim_t most = limit.rlim_max;
  uint64_t system_most = 0;
  const std::string text = ReadText("/proc/sys/fs/nr_open");
  if (absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &system_most) && system_most > most) {
    const rlimit wanted{system_most, system_most};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) most = system_most;
  }
  limit.rlim_cur = most;
  limit.rlim_max = std::max(limit.rlim_max, most);
  const bool raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
  if (raised) machine.most_files = most;
  Add(machine, "descriptors", raised, absl::StrCat("at most ", most));
}

void BecomeSubreaper(Machine& machine) {
  const bool done = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
  Add(machine, "sub-reaper", done,
      done ? "orphans of services are ours" : "how an adopted process ended may stay unknown");
}

}  // namespace

Machine Probe(bool control_groups) {
  Machine machine;
  RaiseLimits(machine);
  BecomeSubreaper(machine);
  ProbePidfd(machine);
  ProbeClone(machine);
  if (!control_groups) machine.cgroup_refused = "not wanted";
  ProbeCgroups(machine, control_groups ? OwnFolders() : std::vector<std::string>{});
  for (Capability& capability : ProbeSockets())
    machine.capabilities.push_back(std::move(capability));
  return machine;
}

void Leave(const Machine& machine) {
  const rlimit files{machine.files.soft, machine.files.hard};
  if (files.rlim_max != 0) setrlimit(RLIMIT_NOFILE, &files);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  if (machine.cgroup_base.empty()) return;
  WriteText(absl::StrCat(machine.cgroup_home, "/cgroup.procs"), "0");
  rmdir(absl::StrCat(machine.cgroup_base, "/daemon").c_str());
  rmdir(machine.cgroup_base.c_str());
}

}  // namespace socketd
