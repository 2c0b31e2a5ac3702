#include "server/kernel/linux_lookup.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr absl::Duration kKeep = absl::Seconds(5);
constexpr size_t kCacheMax = 4096;
constexpr size_t kBufferStart = 4096;
constexpr size_t kBufferMax = 1 << 20;  // a group with very many members
constexpr int kGroupsMax = 1024;        // as many as the executor takes

std::string KeyOf(const IdentityQuestion& question) {
  std::string key = absl::StrCat(question.names.user, "\n", question.names.group, "\n",
                                 question.all_groups ? "+" : "-");
  for (const std::string& group : question.supplementary_groups)
    absl::StrAppend(&key, "\n", group);
  return key;
}

// Calls one of the reentrant functions with a buffer that is large enough. 0 or an errno.
template <typename Entry, typename Find>
int Retry(std::vector<char>& buffer, Entry*& found, Find find) {
  buffer.resize(kBufferStart);
  int error = find(buffer, &found);
  while (error == ERANGE && buffer.size() < kBufferMax) {
    buffer.resize(buffer.size() * 2);
    error = find(buffer, &found);
  }
  // "Not found" has many errnos (getpwnam(3)).
  const bool none = error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
  return none ? 0 : error;
}

// A number needs no entry; a name does.
absl::Status FindUser(const std::string& user, Identity& identity) {
  uint32_t number = 0;
  const bool numeric = absl::SimpleAtoi(user, &number);
  std::vector<char> buffer;
  passwd entry{};
  passwd* found = nullptr;
  const int error = Retry(buffer, found, [&](std::vector<char>& room, passwd** result) {
    return numeric ? getpwuid_r(number, &entry, room.data(), room.size(), result)
                   : getpwnam_r(user.c_str(), &entry, room.data(), room.size(), result);
  });
  if (error != 0) return SystemError(error, "getpwnam", {{"user", user}});
  if (found == nullptr && !numeric) {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_USER", absl::StrCat("no user ", user),
                 {{"user", user}});
  }
  identity.uid = found != nullptr ? found->pw_uid : number;
  identity.gid = found != nullptr ? found->pw_gid : number;
  if (found == nullptr) return absl::OkStatus();
  identity.name = found->pw_name;
  identity.home = found->pw_dir;
  identity.shell = found->pw_shell;
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> FindGroup(const std::string& name) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(name, &number)) return number;
  std::vector<char> buffer;
  group entry{};
  group* found = nullptr;
  const int error = Retry(buffer, found, [&](std::vector<char>& room, group** result) {
    return getgrnam_r(name.c_str(), &entry, room.data(), room.size(), result);
  });
  if (error != 0) return SystemError(error, "getgrnam", {{"group", name}});
  if (found == nullptr) {
    return Error(absl::StatusCode::kNotFound, "NO_SUCH_GROUP", absl::StrCat("no group ", name),
                 {{"group", name}});
  }
  return found->gr_gid;
}

void AddMemberships(Identity& identity) {
  if (identity.name.empty() || !identity.gid) return;
  std::vector<gid_t> groups(kGroupsMax);
  int count = kGroupsMax;
  getgrouplist(identity.name.c_str(), *identity.gid, groups.data(), &count);
  groups.resize(static_cast<size_t>(std::clamp(count, 0, kGroupsMax)));
  identity.groups.assign(groups.begin(), groups.end());
}

absl::StatusOr<Identity> Find(const IdentityQuestion& question) {
  Identity identity;
  if (!question.names.user.empty()) {
    absl::Status found = FindUser(question.names.user, identity);
    if (!found.ok()) return found;
  }
  if (!question.names.group.empty()) {
    absl::StatusOr<uint32_t> gid = FindGroup(question.names.group);
    if (!gid.ok()) return gid.status();
    identity.gid = *gid;
  }
  if (question.all_groups) AddMemberships(identity);
  for (const std::string& name : question.supplementary_groups) {
    absl::StatusOr<uint32_t> gid = FindGroup(name);
    if (!gid.ok()) return gid.status();
    if (std::find(identity.groups.begin(), identity.groups.end(), *gid) == identity.groups.end())
      identity.groups.push_back(*gid);
  }
  identity.set_groups = identity.uid.has_value() || !question.supplementary_groups.empty();
  return identity;
}

}  // namespace

Lookups::~Lookups() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

const Identity* Lookups::Known(const IdentityQuestion& question, Instant now) {
  const auto found = cache_.find(KeyOf(question));
  if (found == cache_.end() || found->second.until < now) return nullptr;
  return &found->second.identity;
}

void Lookups::Ask(uint64_t id, IdentityQuestion question) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    questions_.push_back({id, std::move(question)});
  }
  changed_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

std::vector<Lookups::Answer> Lookups::TakeAnswers(Instant now) {
  std::vector<Asked> done;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done.swap(answers_);
  }
  if (cache_.size() + done.size() > kCacheMax) cache_.clear();
  std::vector<Answer> answers;
  answers.reserve(done.size());
  for (Asked& asked : done) {
    if (asked.identity.ok()) cache_[KeyOf(asked.question)] = {*asked.identity, now + kKeep};
    answers.push_back({asked.id, std::move(asked.identity)});
  }
  return answers;
}

void Lookups::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    if (questions_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Asked asked = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    asked.identity = Find(asked.question);
    lock.lock();
    answers_.push_back(std::move(asked));
    wake_();
  }
}

}  // namespace socketd
