#include "server/kernel/linux_kernel.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_files.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_rights.h"

namespace socketd {
namespace {

// Above the numbers that children get, below those that they do not copy.
constexpr int kCommonNumber = 64;
// Connections take numbers until there are no more; a command that stops a unit must still start.
constexpr size_t kReserved = 16;
// Of their own: starts take all that is reserved for them.
constexpr size_t kForOperators = 4;
// Lookups asked by the engine are told from those of children by this bit: a child's generation
// never gets that high in a lifetime.
constexpr uint64_t kLookupBit = 1ULL << 63;

std::string FolderOfProgram() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  const std::string program(path.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  return program.substr(0, program.rfind('/'));
}

UniqueFd Common(UniqueFd fd) {
  if (!fd) return fd;
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kCommonNumber));
}

UniqueFd OpenExecutor(const LinuxOptions& options) {
  const auto try_path = [](const std::string& path) {
    return Common(UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC)));
  };
  if (!options.executor.empty()) return try_path(options.executor);
  const std::string folder = FolderOfProgram();
  UniqueFd beside = try_path(absl::StrCat(folder, "/socketd-exec"));
  if (beside) return beside;
  return try_path(absl::StrCat(folder, "/../libexec/socketd/socketd-exec"));
}

bool Before(const Event& left, const Event& right) {
  return RankOf(left.kind) < RankOf(right.kind);
}

// What is found here the daemon does not change later.
Inherited InheritedFrom(const Machine& machine) {
  Inherited inherited;
  inherited.umask = umask(0);
  umask(inherited.umask);
  std::array<char, 2> folder{};
  inherited.in_root = getcwd(folder.data(), folder.size()) != nullptr && folder[0] == '/';
  const UniqueFd terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  inherited.needs_session = !machine.home.refused.empty() || static_cast<bool>(terminal);
  return inherited;
}

}  // namespace

void FillStandardStreams() {
  for (int number = 0; number < 3; ++number) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    UniqueFd opened(open("/dev/null", O_RDWR));
    if (opened && opened.get() != number)
      dup2(opened.get(), number);
    else
      opened.release();  // it is the stream now
  }
}

struct LinuxKernel::Opened {
  std::unique_ptr<Estate> estate;
  std::unique_ptr<Poller> poller;
  Machine machine;
  UniqueFd null;
  UniqueFd executor;
};

absl::StatusOr<std::unique_ptr<LinuxKernel>> LinuxKernel::Open(const LinuxOptions& options) {
  FillStandardStreams();
  auto estate = std::make_unique<Estate>(options.life);
  UniqueFd executor = OpenExecutor(options);
  if (!executor && !options.executor.empty())
    return SystemError(errno, "open", {{"path", options.executor}}, "EXECUTOR_MISSING");
  UniqueFd null = Common(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  if (!null) return SystemError(errno, "open", {{"path", "/dev/null"}});
  absl::StatusOr<std::unique_ptr<Poller>> poller = Poller::Open();
  if (!poller.ok()) return poller.status();
  Machine machine = options.machine != nullptr
                        ? *options.machine
                        : Probe(MakeHome(options.control_groups ? Home::kNew : Home::kNone));
  BecomeSubreaper();
  machine.capabilities.push_back(
      {"executor", static_cast<bool>(executor),
       executor ? "" : "not found: units with User= and their like cannot start"});
  if (options.life.kept()) {
    absl::Status watched = (*poller)->Watch(options.life.bell, Poller::Source::kBell, 0, 0);
    if (!watched.ok()) return watched;
  }
  return std::unique_ptr<LinuxKernel>(
      new LinuxKernel({std::move(estate), *std::move(poller), std::move(machine), std::move(null),
                       std::move(executor)},
                      options));
}

LinuxKernel::LinuxKernel(Opened opened, const LinuxOptions& options)
    : estate_(std::move(opened.estate)),
      poller_(std::move(opened.poller)),
      machine_(std::move(opened.machine)),
      null_(std::move(opened.null)),
      executor_(std::move(opened.executor)),
      wake_(poller_->CopyOfWake(kCommonNumber)),
      closer_(estate_->arrivals()),
      deposit_(options.deposit),
      bell_(options.life.bell),
      on_bell_(options.on_bell),
      guard_(*poller_,
             options.life,
             [this, tell = options.on_keeper](int keeper) {
               machine_.home_is_ours = keeper == 0;
               if (tell) tell(keeper);
             }),
      lookups_([this] { poller_->Nudge(); }),
      groups_(*poller_, {machine_.home.base, machine_.home.refused, options.life.number}),
      children_({*poller_, groups_, lookups_, *estate_, closer_},
                {.files = {null_.get(), executor_.get(), wake_.get(), machine_.pidfd_ids},
                 .can_share_files = machine_.shared_files,
                 .into_cgroup = machine_.into_cgroup,
                 .files_limit = machine_.files,
                 .inherited = InheritedFrom(machine_)}),
      next_lookup_(kLookupBit) {
  ReserveNumbers();
  most_reserved_ = reserve_.size();
}

LinuxKernel::~LinuxKernel() = default;

// There are no more numbers: what is kept for better times is given up.
void LinuxKernel::MakeRoom() {
  reserve_.clear();
  groups_.DropPool();
}

bool LinuxKernel::ReserveNumbers() {
  const auto fill = [this](std::vector<UniqueFd>& reserve, size_t most) {
    while (reserve.size() < most) {
      UniqueFd one(fcntl(null_.get(), F_DUPFD_CLOEXEC, kHighNumber));
      if (!one) one.reset(fcntl(null_.get(), F_DUPFD_CLOEXEC, 0));
      if (!one) return;
      reserve.push_back(std::move(one));
    }
  };
  fill(reserve_, kReserved);
  fill(for_operators_, kForOperators);
  return reserve_.size() >= most_reserved_;
}

Instant LinuxKernel::Now() {
  return Poller::Now();
}

absl::Time LinuxKernel::WallNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

absl::Span<const Event> LinuxKernel::Poll(Instant deadline) {
  events_.clear();
  answers_.clear();  // whoever asked and did not take it by now has left
  do {
    children_.LookAtNewborn(Now(), events_);
    const Instant look =
        std::min({children_.next_look(), groups_.next_look(), guard_.next_look(), strays_at_});
    const bool waits = events_.empty() && trees_.empty();
    const Instant limit = waits ? std::min(deadline, look) : Instant::Start();
    if (!trees_.empty()) trees_.Work();
    for (const Poller::Ready& ready : poller_->Wait(limit))
      Collect(ready);
    const Instant now = Now();
    // What a program said comes after its exec.
    if (!events_.empty()) children_.LookAtNewborn(now, events_);
    groups_.Look(now, events_);
    guard_.Look(now);
    LookAtStrays(now);
  } while (events_.empty() && Now() < deadline);
  if (!std::is_sorted(events_.begin(), events_.end(), Before))
    std::stable_sort(events_.begin(), events_.end(), Before);
  return events_;
}

void LinuxKernel::LookAtStrays(Instant now) {
  if (now < strays_at_) return;
  poller_->ExpectStrays();
  strays_at_ = children_.ReapStrays(now);
}

void LinuxKernel::Collect(const Poller::Ready& ready) {
  switch (ready.source) {
    case Poller::Source::kProcess:
      children_.OnEnded(ready, events_);
      return;
    case Poller::Source::kReport:
      children_.OnReport(ready, events_);
      return;
    case Poller::Source::kGroups:
      groups_.OnInotify(events_);
      return;
    case Poller::Source::kStrays:
      strays_at_ = Now() + Children::kStraysEvery;
      return;
    case Poller::Source::kBell:
      return OnBell();
    case Poller::Source::kKeeper:
      return guard_.OnEnded(Now());
    case Poller::Source::kSignal:
      for (Poller::Signal signal = poller_->TakeSignal(); signal.number != 0;
           signal = poller_->TakeSignal()) {
        if (!IsEcho(signal))
          events_.push_back({.kind = Event::Kind::kSignal, .number = signal.number});
      }
      return;
    case Poller::Source::kWake:
      if (poller_->TakeWake()) events_.push_back({.kind = Event::Kind::kWoken});
      CollectAnswers();
      return;
    case Poller::Source::kIo: {
      const Token token = poller_->TakeToken(ready);
      if (token == Token::kNone) return;
      const auto socket = sockets_.find(static_cast<int>(ready.index));
      if (socket != sockets_.end()) socket->second.told = true;
      events_.push_back({.kind = Event::Kind::kIo,
                         .token = token,
                         .readable = ready.readable,
                         .hang_up = ready.hang_up});
      return;
    }
  }
}

void LinuxKernel::CollectAnswers() {
  for (Lookups::Answer& answer : lookups_.TakeAnswers(Now())) {
    if ((answer.id & kLookupBit) == 0) {
      children_.OnIdentity(answer.id, answer.identity, events_);
      continue;
    }
    const auto asked = asked_.find(answer.id);
    if (asked == asked_.end()) continue;
    const Token token = asked->second;
    asked_.erase(asked);
    if (answer.identity.ok()) {
      answers_.insert_or_assign(token, Owner{answer.identity->uid, answer.identity->gid});
    } else {
      answers_.insert_or_assign(token, answer.identity.status());
    }
    events_.push_back({.kind = Event::Kind::kLookedUp, .token = token});
  }
}

void LinuxKernel::Wake() {
  poller_->Wake();
}

void LinuxKernel::Lookup(const IdentityQuery& query, Token token) {
  const uint64_t number = next_lookup_++;
  asked_[number] = token;
  IdentityQuestion question;
  question.names = query;
  lookups_.Ask(number, std::move(question));
}

absl::StatusOr<Owner> LinuxKernel::TakeLookup(Token token) {
  const auto found = answers_.find(token);
  if (found == answers_.end())
    return Error(absl::StatusCode::kUnavailable, "NOT_LOOKED_UP", "no answer is there yet");
  absl::StatusOr<Owner> owner = std::move(found->second);
  answers_.erase(found);
  return owner;
}

absl::StatusOr<Group> LinuxKernel::NewGroup(absl::string_view unit, Token token) {
  absl::StatusOr<Cgroups::New> made = groups_.Make(unit, token);
  if (!made.ok() && ErrnoOf(made.status()) == EMFILE) {
    MakeRoom();
    made = groups_.Make(unit, token);
  }
  if (!made.ok()) return made.status();
  return Group(*this, made->handle, made->id);
}

// O_NONBLOCK belongs to what is open, which all who hold it share: it is set for each process that
// gets it, unless nobody else has had it yet and it is right already.
void LinuxKernel::Lend(const Fd& fd, bool nonblocking) {
  using Waits = OpenSocket::Waits;
  const Waits before = std::exchange(sockets_[fd.number()].waits, Waits::kUnknown);
  if (before == (nonblocking ? Waits::kNo : Waits::kYes)) return;
  fcntl(fd.number(), F_SETFL, nonblocking ? O_NONBLOCK : 0);
}

void LinuxKernel::CountCrowd() {
  constexpr size_t kCrowd = 100;  // copying and closing one takes about 50 ns, telling 5 us
  children_.set_crowded(static_cast<size_t>(high_ports_) + 2 * groups_.open_folders() > kCrowd);
}

absl::StatusOr<Child> LinuxKernel::Spawn(const SpawnSpec& spec) {
  CountCrowd();
  for (size_t i = 0; i + spec.untouched < spec.fds.size(); ++i)
    Lend(*spec.fds[i], spec.nonblocking);
  if (spec.stdio != nullptr) Lend(*spec.stdio, false);
  absl::StatusOr<Children::Started> started = children_.Spawn(spec);
  if (!started.ok() && ErrnoOf(started.status()) == EMFILE) {
    MakeRoom();
    started = children_.Spawn(spec);
  } else if (reserve_.size() < kReserved || for_operators_.size() < kForOperators) {
    ReserveNumbers();
  }
  if (!started.ok()) return started.status();
  return Child(*this, started->handle, started->pid);
}

absl::StatusOr<Child> LinuxKernel::Adopt(int pid, const Group& group, Token token) {
  absl::StatusOr<Children::Started> started = children_.Adopt(pid, group, token);
  if (!started.ok()) return started.status();
  return Child(*this, started->handle, started->pid);
}

absl::StatusOr<Reached> LinuxKernel::Signal(const Child& child, int signal, Whom whom) {
  return children_.Signal(child.handle(), signal, whom);
}

absl::StatusOr<Reached> LinuxKernel::SignalGroup(const Group& group, int signal) {
  const Reached newborn = children_.SignalNewborn(group.handle(), signal);
  Reached reached = groups_.Signal(group.handle(), signal);
  if (reached == Reached::kNobody && !reserve_.empty() && groups_.Populated(group.handle())) {
    reserve_.clear();  // it takes a descriptor or two
    reached = groups_.Signal(group.handle(), signal);
  }
  return newborn == Reached::kSomebody ? newborn : reached;
}

bool LinuxKernel::Populated(const Group& group) {
  return groups_.Populated(group.handle());
}

Exit LinuxKernel::ExitOf(const Child& child) {
  return children_.ExitOf(child.handle());
}

void LinuxKernel::DropGroup(GroupHandle group) {
  groups_.Drop(group);
}

void LinuxKernel::ForgetChild(ChildHandle child) {
  children_.Forget(child);
}

}  // namespace socketd
