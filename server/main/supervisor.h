// Whoever supervises the daemon itself, told by sd_notify(3): READY, RELOADING, STOPPING. Thirty
// lines instead of a library; silent where NOTIFY_SOCKET is not set.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace socketd {

class Supervisor {
 public:
  // `address` is NOTIFY_SOCKET's value: a path, or "@name" for an abstract one; "": nobody.
  explicit Supervisor(std::string address) : address_(std::move(address)) {}

  // Never blocks; a supervisor that cannot be reached is logged and no failure.
  void Tell(absl::string_view text) const;

 private:
  const std::string address_;
};

}  // namespace socketd
