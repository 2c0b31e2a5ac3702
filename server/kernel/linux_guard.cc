#include "server/kernel/linux_guard.h"

#include <cerrno>
#include <utility>

namespace socketd {
namespace {

// An heir is woken by its keeper's end and needs less than a millisecond.
constexpr absl::Duration kHeirsTime = absl::Seconds(1);

}  // namespace

Guard::Guard(Poller& poller, const Life& life, std::function<void(int)> on_change)
    : poller_(poller), life_(life), on_change_(std::move(on_change)) {
  if (life_.kept()) Watch(Poller::Now());
}

Guard::~Guard() {
  Unwatch();
}

void Guard::Watch(Instant now) {
  Unwatch();
  keeper_ = life_.page->keeper;
  pidfd_ = Raised(UniqueFd(PidfdOpen(keeper_)));
  // Where it cannot be watched, only a bell tells of the next one.
  const bool gone = !pidfd_ && errno == ESRCH;
  verdict_ = gone ? now + kHeirsTime : Instant::Never();
  if (pidfd_ && !poller_.Watch(pidfd_.get(), Poller::Source::kKeeper, 0, 0).ok()) pidfd_.reset();
}

void Guard::Unwatch() {
  if (pidfd_) poller_.Unwatch(pidfd_.get());
  pidfd_.reset();
}

void Guard::OnBell() {
  if (!life_.kept() || life_.page->keeper == keeper_) return;
  Watch(Poller::Now());
  if (on_change_) on_change_(keeper_);
}

void Guard::OnEnded(Instant now) {
  Unwatch();
  verdict_ = now + kHeirsTime;
  OnBell();
}

void Guard::Look(Instant now) {
  if (now < verdict_) return;
  verdict_ = Instant::Never();
  if (on_change_) on_change_(0);
}

}  // namespace socketd
