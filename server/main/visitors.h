// How many connections to the API are open for users who are no operators: over TCP everybody on
// the machine can come. gRPC owns a connection once it has it and does not say when it ends, so
// nobody counts down: when places are short, those are given back whose connections the kernel no
// longer knows. Operators are not counted. Engine thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

#include "server/base/fd.h"

namespace socketd {

class Visitors {
 public:
  // All that they may ask is whether the daemon serves.
  static constexpr size_t kEachLimit = 16;
  // So that many users together leave descriptors for services.
  static constexpr size_t kAllLimit = 128;

  explicit Visitors(uint32_t daemon_uid) : daemon_uid_(daemon_uid) {}

  // Counts a connection of `uid` that is about to be handed over. RESOURCE_EXHAUSTED
  // (TOO_MANY_CONNECTIONS): no place is left for it.
  absl::Status Admit(uint32_t uid, const Fd& connection);

 private:
  struct Visit {
    uint32_t uid = 0;
    int number = -1;      // of the descriptor
    uint64_t cookie = 0;  // of the socket; never used again, as the number is
  };

  size_t CountOf(uint32_t uid) const;
  void ForgetGone();

  const uint32_t daemon_uid_;
  std::vector<Visit> visits_;
};

}  // namespace socketd
