// Whether somebody keeps this daemon (server/keeper): the keeper's process is watched, and when it
// is gone, its heir has a moment to take its place. If both are gone nobody starts the next daemon,
// and no daemon can make a keeper of its own: it has threads. Engine thread only.
#pragma once

#include <functional>

#include "server/base/instant.h"
#include "server/keeper/life.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_poll.h"

namespace socketd {

class Guard {
 public:
  // `on_change` is told the process id of each keeper that comes after the present one; 0: there is
  // none any more. One that was only stopped may still come.
  Guard(Poller& poller, const Life& life, std::function<void(int)> on_change);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // The page that is shared with the keeper may say another one.
  void OnBell();
  // The process that is watched has ended.
  void OnEnded(Instant now);
  void Look(Instant now);
  Instant next_look() const { return verdict_; }

 private:
  // The keeper that the page names.
  void Watch(Instant now);
  void Unwatch();

  Poller& poller_;
  const Life life_;
  const std::function<void(int)> on_change_;
  int keeper_ = 0;  // that is watched, or was last
  UniqueFd pidfd_;
  Instant verdict_ = Instant::Never();  // when nobody will come any more
};

}  // namespace socketd
