#include "server/kernel/linux_home.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "server/kernel/linux_abi.h"

namespace socketd {
namespace {

constexpr long kCgroup2Magic = 0x63677270;  // CGROUP2_SUPER_MAGIC, NOLINT(google-runtime-int)
constexpr int kSiblingsMax = 100;           // daemons of the same process id, one after the other

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
  for (absl::string_view line : absl::StrSplit(TextOfFile("/proc/self/cgroup"), '\n')) {
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
  for (absl::string_view line : absl::StrSplit(TextOfFile("/proc/self/mountinfo"), '\n')) {
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

// Folders of daemons that are gone: removed as far as they are empty, never more. A daemon whose
// keeper was replaced lives in one that is named after the first.
void RemoveLeftovers(const std::string& parent) {
  for (const std::string& name : FoldersIn(parent)) {
    if (!IsLeftover(name)) continue;
    const std::string base = absl::StrCat(parent, "/", name);
    if (rmdir(absl::StrCat(base, "/daemon").c_str()) != 0 && errno == EBUSY) continue;
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

// Of what RemoveLeftovers could not remove, the one that was changed last; empty: there is none.
std::string LastLeft(const std::string& parent) {
  std::string last;
  int64_t changed = 0;
  for (const std::string& name : FoldersIn(parent)) {
    struct stat status{};
    std::string base = absl::StrCat(parent, "/", name);
    if (!IsLeftover(name) || stat(base.c_str(), &status) != 0) continue;
    // Somebody is in its leaf still.
    if (access(absl::StrCat(base, "/daemon").c_str(), F_OK) == 0) continue;
    const int64_t at = status.st_ctim.tv_sec * int64_t{1'000'000'000} + status.st_ctim.tv_nsec;
    if (at < changed) continue;
    changed = at;
    last = std::move(base);
  }
  return last;
}

// Whether a child may be put there at all: the write variant must work where nothing else does.
bool CanMoveInto(const std::string& base) {
  return WriteText(absl::StrCat(base, "/cgroup.procs"), "0");
}

}  // namespace

std::string TextOfFile(const char* path) {
  std::string text;
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> part{};
  for (ssize_t length = file ? 1 : 0; length > 0;) {
    length = read(file.get(), part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<size_t>(length));
  }
  return text;
}

ControlHome MakeHome(Home wanted) {
  ControlHome home;
  const bool any = wanted != Home::kNone;
  home.refused = any ? "no cgroup2 mount shows our own group" : "not wanted";
  for (const std::string& folder : any ? OwnFolders() : std::vector<std::string>{}) {
    RemoveLeftovers(folder);
    std::string base = wanted == Home::kLeft ? LastLeft(folder) : "";
    if (base.empty()) base = MakeBase(folder);
    if (base.empty()) {
      home.refused = absl::StrCat("mkdir in ", folder, ": ", ErrnoName(errno));
      continue;
    }
    const std::string leaf = absl::StrCat(base, "/daemon");
    if (mkdir(leaf.c_str(), 0755) == 0 && CanMoveInto(leaf)) return {std::move(base), folder, ""};
    home.refused = absl::StrCat("move into ", leaf, ": ", ErrnoName(errno));
    rmdir(leaf.c_str());
    rmdir(base.c_str());
  }
  return home;
}

void LeaveHome(const ControlHome& home) {
  if (home.base.empty()) return;
  WriteText(absl::StrCat(home.parent, "/cgroup.procs"), "0");
  rmdir(absl::StrCat(home.base, "/daemon").c_str());
  rmdir(home.base.c_str());
}

}  // namespace socketd
