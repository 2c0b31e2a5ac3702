#include "server/kernel/linux_poll.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/time/time.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

uint64_t Data(Poller::Source source, uint32_t index, uint32_t generation) {
  return (static_cast<uint64_t>(source) << 56) |
         (static_cast<uint64_t>(generation & Poller::kGenerationMask) << 32) | index;
}

// Everything but what a fault of our own raises. The thread keeps it so: a child cloned from it
// starts with all signals blocked and two calls less.
absl::Status BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    sigdelset(&all, fault);
  const int error = pthread_sigmask(SIG_BLOCK, &all, nullptr);
  return error == 0 ? absl::OkStatus() : SystemError(error, "pthread_sigmask");
}

// What the daemon's own parent had ignored must not reach services; SIGCHLD ignored would also
// reap children behind our back. Raw calls: libc refuses its own two.
void ResetDispositions() {
  struct KernelAction {
    void* handler;
    unsigned long flags;  // NOLINT(google-runtime-int): as the kernel has it
    void* restorer;
    unsigned long mask;  // NOLINT(google-runtime-int)
  };
  const auto ignore = reinterpret_cast<void*>(1);  // SIG_IGN, NOLINT(performance-no-int-to-ptr)
  for (int signal = 1; signal <= 64; ++signal) {
    KernelAction now{};
    if (syscall(SYS_rt_sigaction, signal, nullptr, &now, 8) != 0) continue;
    const bool wanted = signal == SIGPIPE;
    if ((now.handler == ignore) == wanted) continue;
    KernelAction set{};
    set.handler = wanted ? ignore : nullptr;
    syscall(SYS_rt_sigaction, signal, &set, nullptr, 8);
  }
}

timespec TimespecOf(absl::Duration span) {
  return absl::ToTimespec(std::max(span, absl::ZeroDuration()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> Poller::Open() {
  if (absl::Status blocked = BlockSignals(); !blocked.ok()) return blocked;
  ResetDispositions();
  std::unique_ptr<Poller> poller(new Poller);
  poller->epoll_ = Raised(UniqueFd(epoll_create1(EPOLL_CLOEXEC)));
  if (!poller->epoll_) return SystemError(errno, "epoll_create1");
  poller->wake_ = Raised(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (!poller->wake_) return SystemError(errno, "eventfd");
  poller->signals_ = SignalsOf({SIGTERM, SIGINT, SIGHUP});
  poller->child_signal_ = SignalsOf({SIGCHLD});
  if (!poller->signals_ || !poller->child_signal_) return SystemError(errno, "signalfd");
  absl::Status watched = poller->Watch(poller->wake_.get(), Source::kWake, 0, 0);
  if (watched.ok()) watched = poller->Watch(poller->signals_.get(), Source::kSignal, 0, 0);
  if (watched.ok()) watched = poller->Watch(poller->child_signal_.get(), Source::kStrays, 0, 0);
  if (!watched.ok()) return watched;
  poller->ExpectStrays();
  return poller;
}

UniqueFd Poller::SignalsOf(std::initializer_list<int> numbers) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : numbers)
    sigaddset(&wanted, number);
  return Raised(UniqueFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)));
}

void Poller::ExpectStrays() {
  signalfd_siginfo info{};
  // One pending SIGCHLD stands for any number of children.
  if (read(child_signal_.get(), &info, sizeof(info)) < 0 && errno != EAGAIN) return;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u64 = Data(Source::kStrays, 0, 0);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, child_signal_.get(), &event);
}

Instant Poller::Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant::After(absl::Seconds(now.tv_sec) + absl::Nanoseconds(now.tv_nsec));
}

long Poller::WaitRaw(Instant deadline) {  // NOLINT(google-runtime-int): what syscall returns
  timespec limit{};
  if (!deadline.never() && deadline != Instant::Start()) limit = TimespecOf(deadline - Now());
  const int batch = static_cast<int>(kBatch);
  if (has_pwait2_) {
    const long count =  // NOLINT(google-runtime-int)
        syscall(SYS_epoll_pwait2, epoll_.get(), raw_.data(), batch,
                deadline.never() ? nullptr : &limit, nullptr, 0);
    if (count >= 0 || errno != ENOSYS) return count;
    has_pwait2_ = false;  // before Linux 5.11, or forbidden
  }
  // Whole milliseconds, never too early; a longer wait is only begun anew.
  constexpr int64_t kLongest = 1 << 30;
  const int64_t span = absl::ToInt64Milliseconds(
      absl::Ceil(absl::DurationFromTimespec(limit), absl::Milliseconds(1)));
  const int wait = deadline.never() ? -1 : static_cast<int>(std::min(span, kLongest));
  return epoll_wait(epoll_.get(), raw_.data(), batch, wait);
}

absl::Span<const Poller::Ready> Poller::Wait(Instant deadline) {
  const long count = WaitRaw(deadline);  // NOLINT(google-runtime-int): what syscall returns
  size_t found = 0;
  for (int i = 0; i < count; ++i) {  // count < 0: EINTR, which is nothing
    const uint64_t data = raw_[i].data.u64;
    Ready& ready = ready_[found++];
    ready.source = static_cast<Source>(data >> 56);
    ready.index = static_cast<uint32_t>(data);
    ready.generation = static_cast<uint32_t>(data >> 32) & kGenerationMask;
    ready.readable = (raw_[i].events & EPOLLIN) != 0;
    ready.hang_up = (raw_[i].events & (EPOLLHUP | EPOLLERR)) != 0;
  }
  return absl::MakeConstSpan(ready_.data(), found);
}

void Poller::Wake() {
  if (!wake_asked_.exchange(true)) Nudge();
}

void Poller::Nudge() {
  const uint64_t one = 1;
  // It cannot fail but by overflow, and then a wake-up is pending already.
  if (write(wake_.get(), &one, sizeof(one)) < 0) return;
}

UniqueFd Poller::CopyOfWake(int lowest) const {
  return UniqueFd(fcntl(wake_.get(), F_DUPFD_CLOEXEC, lowest));
}

bool Poller::TakeWake() {
  uint64_t count = 0;
  if (read(wake_.get(), &count, sizeof(count)) < 0) return false;
  return wake_asked_.exchange(false);
}

Poller::Signal Poller::TakeSignal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return {};
  return {static_cast<int>(info.ssi_signo), static_cast<int>(info.ssi_pid)};
}

absl::Status Poller::Watch(int fd, Source source, uint32_t index, uint32_t generation) {
  epoll_event event{};
  // What has told of a process's end needs no Unwatch before it is closed, although a child on its
  // way to exec may still hold a copy that keeps epoll's interest alive (epoll(7)).
  const bool once = source == Source::kProcess;
  event.events = EPOLLIN | (once ? static_cast<uint32_t>(EPOLLONESHOT) : 0U);
  event.data.u64 = Data(source, index, generation);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return SystemError(errno, "epoll_ctl");
}

void Poller::WatchHangUp(int fd, Source source, uint32_t index, uint32_t generation) {
  epoll_event event{};
  event.events = EPOLLONESHOT;  // as Watch has it for processes
  event.data.u64 = Data(source, index, generation);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::Unwatch(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

absl::Status Poller::Arm(int fd, Token token, Arming arming) {
  if (static_cast<size_t>(fd) >= armed_.size()) armed_.resize(static_cast<size_t>(fd) + 1);
  Armed& armed = armed_[fd];
  epoll_event event{};
  // Ends and errors are always told (epoll_ctl(2)).
  event.events = arming == Arming::kHangUp ? 0U : static_cast<uint32_t>(EPOLLIN);
  if (arming == Arming::kOnce) event.events |= static_cast<uint32_t>(EPOLLONESHOT);
  event.data.u64 = Data(Source::kIo, static_cast<uint32_t>(fd), armed.generation);
  const int operation = armed.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return SystemError(errno, "epoll_ctl");
  armed.token = token;
  armed.registered = true;
  armed.once = arming == Arming::kOnce;
  return absl::OkStatus();
}

void Poller::Disarm(int fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= armed_.size()) return;
  Armed& armed = armed_[fd];
  const bool spent = armed.once && armed.token == Token::kNone;
  if (armed.registered && !spent) Forget(fd);
}

void Poller::Forget(int fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= armed_.size() || !armed_[fd].registered) return;
  Unwatch(fd);
  Armed& armed = armed_[fd];
  armed.registered = false;
  armed.token = Token::kNone;
  armed.generation = (armed.generation + 1) & kGenerationMask;
}

Token Poller::TakeToken(const Ready& ready) {
  if (ready.index >= armed_.size()) return Token::kNone;
  Armed& armed = armed_[ready.index];
  if (!armed.registered || armed.generation != ready.generation) return Token::kNone;
  return armed.once ? std::exchange(armed.token, Token::kNone) : armed.token;
}

}  // namespace socketd
