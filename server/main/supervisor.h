// Whoever supervises the daemon itself, told by sd_notify(3): READY, RELOADING, STOPPING, and what
// is to be held for the next one. A few lines instead of a library; silent where NOTIFY_SOCKET is
// not set.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace socketd {

class Supervisor {
 public:
  // `address` is NOTIFY_SOCKET's value: a path, or "@name" for an abstract one; "": nobody.
  explicit Supervisor(std::string address) : address_(std::move(address)) {}

  bool there() const { return !address_.empty(); }
  // A queue that is full is waited for, 100 ms at most: READY=1 must not be lost. A supervisor that
  // cannot be reached is logged and no failure.
  void Tell(absl::string_view text) const;
  // Gives it a copy of a descriptor to hold under a name: FDSTORE=1, FDPOLL=0. Whether it has room
  // for it (FileDescriptorStoreMax=, systemd.service(5)) it does not say.
  absl::Status Store(int number, absl::string_view name) const;
  // It need not hold what it has under that name any more.
  void Forget(absl::string_view name) const;

 private:
  absl::Status Send(absl::string_view text, int number) const;

  std::string address_;
};

}  // namespace socketd
