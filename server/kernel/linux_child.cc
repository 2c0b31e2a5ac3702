#include "server/kernel/linux_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

// How soon a newborn child is looked at first, if somebody waits for its exec: about when it is
// done. Whatever else happens looks at it as well, its end for one.
constexpr absl::Duration kFirstLook = absl::Microseconds(120);

}  // namespace

void Children::Waiting::Close(int number) {
  closer.Close(number);
}

void Children::Erase(std::vector<uint32_t>& list, uint32_t index) {
  list.erase(std::remove(list.begin(), list.end(), index), list.end());
}

uint32_t Children::Take(const SpawnSpec& spec) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(processes_.size()));
    processes_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Process& process = processes_[index];
  process.owned = true;
  process.await_exec = spec.await_exec;
  process.token = spec.token;
  process.group = spec.group != nullptr ? spec.group->handle() : GroupHandle::kNone;
  return index;
}

void Children::Free(uint32_t index) {
  Process& process = processes_[index];
  Reap(process);
  CloseReport(process);
  GiveBlockBack(index);
  Erase(waiting_, index);
  const uint32_t generation = process.generation + 1;
  process = Process{};
  process.generation = generation == 0 ? 1 : generation;
  free_.push_back(index);
}

ChildHandle Children::HandleOf(uint32_t index) const {
  return static_cast<ChildHandle>((static_cast<uint64_t>(processes_[index].generation) << 32) |
                                  index);
}

const Children::Process* Children::Find(ChildHandle handle) const {
  const auto index = static_cast<uint32_t>(static_cast<uint64_t>(handle));
  const auto generation = static_cast<uint32_t>(static_cast<uint64_t>(handle) >> 32);
  if (index >= processes_.size() || processes_[index].generation != generation) return nullptr;
  return processes_[index].stage == Stage::kFree ? nullptr : &processes_[index];
}

Children::Process* Children::Find(ChildHandle handle) {
  return const_cast<Process*>(std::as_const(*this).Find(handle));  // NOLINT: one search for both
}

Children::Process* Children::FindReady(const Poller::Ready& ready) {
  if (ready.index >= processes_.size()) return nullptr;
  Process& process = processes_[ready.index];
  const bool same = (process.generation & Poller::kGenerationMask) == ready.generation;
  return same && process.stage != Stage::kFree ? &process : nullptr;
}

absl::StatusOr<Children::Started> Children::Spawn(const SpawnSpec& spec) {
  const uint32_t index = Take(spec);
  const bool named = !spec.full_privileges && NeedsIdentity(*spec.context);
  const IdentityQuestion question = named ? QuestionOf(*spec.context) : IdentityQuestion{};
  const Identity* identity = named ? parts_.lookups.Known(question, Poller::Now()) : nullptr;
  absl::Status begun =
      named && identity == nullptr ? AskNames(index, spec, question) : Begin(index, spec, identity);
  if (!begun.ok()) {
    Free(index);
    return begun;
  }
  return Started{HandleOf(index), processes_[index].pid};
}

absl::Status Children::AskNames(uint32_t index,
                                const SpawnSpec& spec,
                                const IdentityQuestion& question) {
  absl::StatusOr<std::unique_ptr<Waiting>> waiting = CopyOf(spec);
  if (!waiting.ok()) return waiting.status();
  processes_[index].waiting = std::move(*waiting);
  processes_[index].stage = Stage::kWaiting;
  waiting_.push_back(index);
  parts_.lookups.Ask(static_cast<uint64_t>(HandleOf(index)), question);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Children::Waiting>> Children::CopyOf(const SpawnSpec& spec) {
  auto waiting = std::make_unique<Waiting>(parts_.closer);
  waiting->spec = spec;
  waiting->spec.group = nullptr;  // the process knows its handle
  std::vector<const Fd**> lent;
  for (const Fd*& fd : waiting->spec.fds)
    lent.push_back(&fd);
  if (spec.stdio != nullptr) lent.push_back(&waiting->spec.stdio);
  if (spec.log != nullptr) lent.push_back(&waiting->spec.log);
  for (const Fd** fd : lent) {
    const int copy = fcntl((*fd)->number(), F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return SystemError(errno, "fcntl");
    parts_.closer.OnCopied((*fd)->number(), copy);
    waiting->copies.push_back(std::make_unique<Fd>(*waiting, copy));
    *fd = waiting->copies.back().get();
  }
  return waiting;
}

absl::Status Children::Begin(uint32_t index, const SpawnSpec& spec, const Identity* identity) {
  Process& process = processes_[index];
  const std::shared_ptr<const Order> order = orders_.Of(spec.context, identity);
  process.block = births_.Acquire();
  if (process.block == nullptr) return SystemError(EAGAIN, "clone3");
  if (!Compose(*process.block, spec, order, ways_.files)) {
    return Error(absl::StatusCode::kFailedPrecondition, "EXECUTOR_MISSING",
                 "the executor was not found at start");
  }
  if (absl::Status filled = FillFiles(*process.block, process); !filled.ok()) return filled;
  return Clone(index);
}

// With a shared table the child copies descriptors below a number only: what it needs from above
// gets a low copy.
absl::Status Children::FillFiles(BirthBlock& block, Process& process) {
  if (block.birth->executor >= 0) {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return SystemError(errno, "pipe2");
    process.report.reset(ends[0]);
    block.held.emplace_back(ends[1]);
    block.sources.push_back(ends[1]);
  }
  int highest = std::max({block.birth->executor, ways_.files.wake, 2});
  for (int& source : block.sources) {
    if (source >= kHighNumber && shares_files()) {
      block.held.emplace_back(fcntl(source, F_DUPFD_CLOEXEC, 3));
      if (!block.held.back()) return SystemError(errno, "fcntl");
      parts_.closer.OnCopied(source, block.held.back().get());
      source = block.held.back().get();
    } else if (source != ways_.files.null) {
      block.lent.push_back(source);
    }
    highest = std::max(highest, source);
  }
  block.birth->sources = block.sources.data();
  block.birth->source_count = static_cast<int>(block.sources.size());
  block.birth->drop_from = static_cast<unsigned>(highest + 1);
  return absl::OkStatus();
}

absl::Status Children::Clone(uint32_t index) {
  Process& process = processes_[index];
  BirthBlock& block = *process.block;
  Births::Clone clone;
  clone.shared_files = shares_files();
  clone.tell = ways_.files.wake;
  block.birth->cgroup_procs = -1;
  const bool by_write = !ways_.into_cgroup || parts_.groups.Killed(process.group);
  if (parts_.groups.real() && by_write) {
    UniqueFd procs = parts_.groups.OpenProcs(process.group);
    if (!procs) return SystemError(errno, "open");
    block.birth->cgroup_procs = procs.get();
    block.birth->drop_from =
        std::max(block.birth->drop_from, static_cast<unsigned>(procs.get() + 1));
    block.held.push_back(std::move(procs));
  } else {
    clone.cgroup = parts_.groups.FolderOf(process.group);
  }
  absl::StatusOr<Births::Born> born = Births::Start(block, clone);
  if (!born.ok()) return born.status();
  process.pid = born->pid;
  process.pidfd = std::move(born->pidfd);
  process.stage = Stage::kBorn;
  if (!clone.shared_files) CloseHeld(block);  // it has copies of all
  return Watch(index);
}

absl::Status Children::Watch(uint32_t index) {
  Process& process = processes_[index];
  const auto watch = [&](const UniqueFd& fd, Poller::Source source) {
    return parts_.poller.Watch(fd.get(), source, index, process.generation);
  };
  absl::Status watched = watch(process.pidfd, Poller::Source::kProcess);
  if (watched.ok() && process.report) watched = watch(process.report, Poller::Source::kReport);
  if (!watched.ok()) {  // no room in the kernel: the child must not run unseen
    PidfdSignal(process.pidfd.get(), SIGKILL, 0);
    siginfo_t info{};
    waitid(P_PIDFD, static_cast<id_t>(process.pidfd.get()), &info, WEXITED);
    return watched;
  }
  parts_.groups.AddMember(process.group, process.pid);
  newborn_.push_back(index);
  const absl::Duration span = process.await_exec ? kFirstLook : kLongestLook;
  look_span_ = newborn_.size() == 1 ? span : std::min(look_span_, span);
  next_look_ = std::min(next_look_, Poller::Now() + look_span_);
  return absl::OkStatus();
}

void Children::OnIdentity(uint64_t id,
                          const absl::StatusOr<Identity>& identity,
                          std::vector<Event>& events) {
  Process* process = Find(static_cast<ChildHandle>(id));
  if (process == nullptr || process->stage != Stage::kWaiting) return;
  const auto index = static_cast<uint32_t>(process - processes_.data());
  const std::unique_ptr<Waiting> waiting = std::move(process->waiting);
  Erase(waiting_, index);
  if (!identity.ok()) {
    const bool group = ReasonOf(identity.status()) == "NO_SUCH_GROUP";
    Fail(index, {group ? exec::Step::kGroup : exec::Step::kUser, ESRCH}, events);
    return;
  }
  if (parts_.groups.real() && !parts_.groups.Has(process->group)) {
    Fail(index, {exec::Step::kCgroup, ENOENT}, events);
    return;
  }
  const absl::Status begun = Begin(index, waiting->spec, &*identity);
  if (!begun.ok()) return Fail(index, {exec::Step::kExec, ErrnoOf(begun)}, events);
  // A child that shares our table still takes them from there.
  if (process->block->birth->shared_files) {
    for (const std::unique_ptr<Fd>& copy : waiting->copies)
      process->block->held.emplace_back(copy->Release());
  }
}

int Children::PidOf(ChildHandle handle) const {
  const Process* process = Find(handle);
  return process != nullptr ? process->pid : 0;
}

int Children::SignalProcessGroup(const Process& process, int signal) {
  const auto send = [&] {
    const int sent = PidfdSignal(process.pidfd.get(), signal, kPidfdSignalGroup);
    // Its number is held by the process as long as nobody waited for it.
    const bool by_number = sent != 0 && errno == EINVAL && process.stage != Stage::kEnded;
    return by_number ? kill(-process.pid, signal) : sent;
  };
  if (send() == 0) return 0;
  // On its way to exec it is alone, and may not have made its group yet.
  const bool early = process.stage == Stage::kBorn || process.stage == Stage::kExecutor;
  if (errno != ESRCH || !early || PidfdSignal(process.pidfd.get(), signal, 0) != 0) return -1;
  send();  // if it has made it in between, and has offspring
  return 0;
}

absl::StatusOr<Reached> Children::Signal(ChildHandle handle, int signal, Whom whom) {
  Process* process = Find(handle);
  if (process == nullptr) return Reached::kNobody;
  if (process->stage == Stage::kWaiting) {
    if (signal != SIGKILL && signal != SIGTERM) return Reached::kNobody;
    CallOff(static_cast<uint32_t>(process - processes_.data()));
    return Reached::kSomebody;
  }
  if (!process->pidfd) return Reached::kNobody;  // the daemon before started it, and it is gone
  Reap(*process);                                // a zombie would take any signal
  signal = Harmless(*process, signal);
  const int sent = whom == Whom::kProcessGroup ? SignalProcessGroup(*process, signal)
                                               : PidfdSignal(process->pidfd.get(), signal, 0);
  if (sent == 0) return Reached::kSomebody;
  if (errno == ESRCH) return Reached::kNobody;
  return SystemError(errno, "pidfd_send_signal", {{"pid", absl::StrCat(process->pid)}});
}

void Children::CallOff(uint32_t index) {
  called_off_.push_back(HandleOf(index));
  next_look_ = Instant::Start();
}

// A core dump of a child that still uses our memory would be one of us, and before Linux 5.16 our
// own end.
int Children::Harmless(const Process& process, int signal) {
  const bool shares = process.block != nullptr && !Births::Left(*process.block);
  switch (signal) {
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return shares ? SIGKILL : signal;
    default:
      return signal;
  }
}

Reached Children::SignalNewborn(GroupHandle group, int signal) {
  Reached reached = Reached::kNobody;
  for (const uint32_t index : waiting_) {
    if (processes_[index].group != group) continue;
    CallOff(index);
    reached = Reached::kSomebody;
  }
  for (const uint32_t index : newborn_) {
    const Process& process = processes_[index];
    if (process.group != group) continue;
    if (PidfdSignal(process.pidfd.get(), Harmless(process, signal), 0) == 0)
      reached = Reached::kSomebody;
  }
  return reached;
}

bool Children::KeepForNewborn(int fd) {
  for (const uint32_t index : newborn_) {
    BirthBlock* block = processes_[index].block;
    if (block == nullptr || Births::Unshared(*block)) continue;
    if (std::find(block->lent.begin(), block->lent.end(), fd) == block->lent.end()) continue;
    block->held.emplace_back(fd);
    return true;
  }
  return false;
}

// What one newborn child held may still be lent to another.
void Children::CloseHeld(BirthBlock& block) {
  block.lent.clear();
  for (UniqueFd& fd : std::exchange(block.held, {})) {
    const int number = fd.release();
    if (number >= 0 && !KeepForNewborn(number)) parts_.closer.Close(number);
  }
}

void Children::GiveBlockBack(uint32_t index) {
  Process& process = processes_[index];
  Erase(newborn_, index);
  if (process.block == nullptr) return;
  CloseHeld(*process.block);
  births_.Release(std::exchange(process.block, nullptr));
}

}  // namespace socketd
