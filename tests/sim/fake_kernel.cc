#include "tests/sim/fake_kernel.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd::sim {
namespace {

// What the reason of a failed Listen is (server/kernel/kernel.h).
absl::string_view ListenReason(int error) {
  switch (error) {
    case EADDRINUSE:
      return "PORT_IN_USE";
    case EADDRNOTAVAIL:
      return "ADDRESS_NOT_AVAILABLE";
    case ENODEV:
      return "NO_SUCH_DEVICE";
    case EACCES:
    case EPERM:
      return "PERMISSION_DENIED";
    default:
      return "SYSTEM_ERROR";
  }
}

}  // namespace

FakeKernel::FakeKernel(uint64_t seed)
    : dice_(seed),
      clock_(dice_),
      queue_(dice_),
      ports_(files_),
      groups_(queue_),
      descriptors_(*this),
      processes_(FakeSurroundings{dice_, clock_, queue_, ports_, files_, groups_}),
      capabilities_{{"simulated", true, "nothing here is real"}} {}

absl::Status FakeKernel::Admit(Call call, const std::string& about) {
  if (Killed()) return SystemError(ESRCH, NameOf(call));
  const int error = faults_.Count(call);
  if (faults_.calls() == kill_at_) {
    Kill();
    if (!kill_after_ && Killed()) return SystemError(ESRCH, NameOf(call));
  }
  if (error == 0) return absl::OkStatus();
  const absl::string_view reason = call == Call::kListen ? ListenReason(error) : "SYSTEM_ERROR";
  return SystemError(error, NameOf(call), {{"about", about}}, reason);
}

// ---- time and turns ----

bool FakeKernel::HasEvents() {
  clock_.RunDue();
  return !queue_.empty() || woken_.load() || descriptors_.AnyReady();
}

absl::Span<const Event> FakeKernel::Poll(Instant deadline) {
  if (Killed()) return {};
  for (const Event& event : events_) {
    if (event.kind == Event::Kind::kLookedUp) lookups_.erase(event.token);
  }
  events_.clear();
  while (!HasEvents() && clock_.now() < deadline) {
    const Instant next = std::min(clock_.next(), deadline);
    if (next.never()) break;  // nothing will ever happen: the test has to go on
    clock_.MoveTo(next + std::exchange(oversleep_, absl::ZeroDuration()));
  }
  if (woken_.exchange(false)) {
    Event woken;
    woken.kind = Event::Kind::kWoken;
    queue_.Push(0, woken);
  }
  std::vector<Event> ready;
  descriptors_.Collect(dice_, ready);
  queue_.Take(event_limit_, events_);
  const auto later = std::find_if(events_.begin(), events_.end(), [](const Event& event) {
    return RankOf(event.kind) > RankOf(Event::Kind::kIo);
  });
  events_.insert(later, ready.begin(), ready.end());
  return events_;
}

void FakeKernel::Wake() {
  if (killed_) return;
  woken_.store(true);
}

void FakeKernel::Raise(int number) {
  Event event;
  event.kind = Event::Kind::kSignal;
  event.number = number;
  queue_.Push(0, event);
}

std::vector<std::string> FakeKernel::Leaks() const {
  std::vector<std::string> leaks = descriptors_.open();
  if (groups_.owned() > 0) leaks.push_back(absl::StrCat(groups_.owned(), " groups"));
  if (processes_.children() > 0) leaks.push_back(absl::StrCat(processes_.children(), " children"));
  for (const auto& [pid, process] : processes_.all()) {
    if (process.alive) leaks.push_back(absl::StrCat("process ", pid, " ", process.program));
  }
  return leaks;
}

// ---- processes ----

void FakeKernel::DropGroup(GroupHandle group) {
  if (Killed()) return;
  groups_.Drop(group);
}

void FakeKernel::ForgetChild(ChildHandle child) {
  if (Killed()) return;
  processes_.Forget(child);
}

absl::StatusOr<Group> FakeKernel::NewGroup(absl::string_view unit, Token token) {
  if (absl::Status failed = Admit(Call::kNewGroup, std::string(unit)); !failed.ok()) return failed;
  return groups_.Make(*this, unit, token);
}

std::vector<std::shared_ptr<FakeFile>> FakeKernel::Passed(const SpawnSpec& spec) {
  std::vector<std::shared_ptr<FakeFile>> files;
  for (const Fd* fd : spec.fds) {
    if (auto file = descriptors_.Find(*fd, "Spawn")) files.push_back(std::move(file));
  }
  if (spec.stdio != nullptr) {
    if (auto file = descriptors_.Find(*spec.stdio, "Spawn")) files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<Child> FakeKernel::Spawn(const SpawnSpec& spec) {
  if (absl::Status failed = Admit(Call::kSpawn, spec.program); !failed.ok()) return failed;
  if (spec.token == Token::kNone) Problem(absl::StrCat("Spawn of ", spec.program, " for nobody"));
  if (!absl::StartsWith(spec.program, "/")) Problem("Spawn of a relative path");
  if (spec.argv.empty()) Problem(absl::StrCat("Spawn of ", spec.program, " without argv[0]"));
  if (spec.group == nullptr || !*spec.group) {
    Problem(absl::StrCat("Spawn of ", spec.program, " outside any group"));
    return SystemError(EBADF, "clone3", {{"program", spec.program}});
  }
  FakeProcess process;
  process.files = Passed(spec);
  if (spec.log != nullptr) process.log = descriptors_.Find(*spec.log, "Spawn");
  if (spec.context) {  // as the executor does before the program runs
    for (const ManagedDirectory& directory : spec.context->directories)
      files_.PutDirectory(directory.path);
  }
  return processes_.Spawn(*this, spec, std::move(process));
}

absl::StatusOr<Child> FakeKernel::Adopt(int pid, const Group& group, Token token) {
  if (absl::Status failed = Admit(Call::kAdopt, absl::StrCat(pid)); !failed.ok()) return failed;
  return processes_.Adopt(*this, pid, group.id(), token);
}

absl::StatusOr<Reached> FakeKernel::Signal(const Child& child, int signal, Whom whom) {
  if (!child) Problem("Signal to no child");
  if (absl::Status failed = Admit(Call::kSignal, absl::StrCat(signal)); !failed.ok()) {
    lost_kills_ += signal == SIGKILL ? 1 : 0;
    return failed;
  }
  return processes_.Signal(child.handle(), signal, whom);
}

absl::StatusOr<Reached> FakeKernel::SignalGroup(const Group& group, int signal) {
  if (!group) Problem("SignalGroup to no group");
  if (absl::Status failed = Admit(Call::kSignalGroup, absl::StrCat(signal)); !failed.ok()) {
    lost_kills_ += signal == SIGKILL ? 1 : 0;
    return failed;
  }
  return processes_.SignalGroup(group.id(), signal);
}

bool FakeKernel::Populated(const Group& group) {
  if (Killed()) return false;
  return groups_.Populated(group.id());
}

Exit FakeKernel::ExitOf(const Child& child) {
  Exit exit;
  if (Killed()) return exit;
  if (!processes_.Ended(child.handle(), exit)) {
    Problem(absl::StrCat("ExitOf pid ", child.pid(), ", which has not ended"));
  }
  return exit;
}

// ---- names and files ----

void FakeKernel::Lookup(const IdentityQuery& query, Token token) {
  if (Killed()) return;
  lookups_[token] = query;
  clock_.After(lookup_time_, [this, token] {
    Event event;
    event.kind = Event::Kind::kLookedUp;
    event.token = token;
    queue_.Push(0, event);
  });
}

absl::StatusOr<uint32_t> FakeKernel::NumberOf(const std::string& name,
                                              absl::string_view reason) const {
  uint32_t id = 0;
  if (absl::SimpleAtoi(name, &id)) return id;
  const auto found = users_.find(name);
  if (found != users_.end()) return found->second;
  return Error(absl::StatusCode::kNotFound, reason, "no such name", {{"name", name}});
}

absl::StatusOr<Owner> FakeKernel::TakeLookup(Token token) {
  if (absl::Status failed = Admit(Call::kTakeLookup); !failed.ok()) return failed;
  const auto found = lookups_.find(token);
  if (found == lookups_.end())
    return Error(absl::StatusCode::kUnavailable, "NOT_LOOKED_UP", "no answer is there");
  const IdentityQuery query = found->second;
  lookups_.erase(found);
  Owner owner;
  if (!query.user.empty()) {
    const auto uid = NumberOf(query.user, "NO_SUCH_USER");
    if (!uid.ok()) return uid.status();
    owner.uid = *uid;
  }
  if (!query.group.empty()) {
    const auto gid = NumberOf(query.group, "NO_SUCH_GROUP");
    if (!gid.ok()) return gid.status();
    owner.gid = *gid;
  }
  return owner;
}

absl::StatusOr<std::string> FakeKernel::ReadFile(const std::string& path, size_t limit) {
  if (absl::Status failed = Admit(Call::kReadFile, path); !failed.ok()) return failed;
  return files_.ReadFile(path, limit);
}

absl::StatusOr<FileStamp> FakeKernel::StampOf(const std::string& path) {
  if (absl::Status failed = Admit(Call::kStampOf, path); !failed.ok()) return failed;
  return files_.StampOf(path);
}

absl::StatusOr<PathFacts> FakeKernel::Inspect(const std::string& path) {
  if (absl::Status failed = Admit(Call::kInspect, path); !failed.ok()) return failed;
  return files_.Inspect(path);
}

absl::StatusOr<std::vector<DirectoryEntry>> FakeKernel::ListDirectory(const std::string& path) {
  if (absl::Status failed = Admit(Call::kListDirectory, path); !failed.ok()) return failed;
  return files_.ListDirectory(path);
}

absl::Status FakeKernel::WriteFile(const std::string& path, absl::string_view text) {
  if (absl::Status failed = Admit(Call::kWriteFile, path); !failed.ok()) return failed;
  return files_.WriteFile(path, text);
}

absl::Status FakeKernel::MakeSymlink(const std::string& target, const std::string& path) {
  if (absl::Status failed = Admit(Call::kMakeSymlink, path); !failed.ok()) return failed;
  return files_.MakeSymlink(target, path);
}

absl::Status FakeKernel::RemoveQueue(const std::string& name, uint64_t node) {
  if (absl::Status failed = Admit(Call::kRemoveQueue, name); !failed.ok()) return failed;
  return ports_.RemoveQueue(name, node);
}

absl::Status FakeKernel::Remove(const std::string& path, uint64_t node) {
  if (absl::Status failed = Admit(Call::kRemove, path); !failed.ok()) return failed;
  return files_.Remove(path, node);
}

absl::Status FakeKernel::RemoveTree(const std::string& path) {
  if (absl::Status failed = Admit(Call::kRemoveTree, path); !failed.ok()) return failed;
  return files_.RemoveTree(path);
}

}  // namespace socketd::sim
