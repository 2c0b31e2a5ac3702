// What a service says of itself over NOTIFY_SOCKET, sd_notify(3): a datagram of NAME=value lines
// made into fields. A bad line is left out and counted, and the rest still holds; of repeated names
// the first counts, as in systemd. Whether the sender is believed is not decided here. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace socketd {

// Longer datagrams are ignored as a whole; systemd reads as much (NOTIFY_BUFFER_MAX).
inline constexpr size_t kNotifyMessageLimit = 4096;

struct NotifyMessage {
  bool ready = false;
  bool reloading = false;
  bool stopping = false;
  // BARRIER=1 as the only line: whoever closes the one descriptor that came along releases the
  // sender. Beside other lines it is a bad one.
  bool barrier = false;
  bool store = false;                      // FDSTORE=1: what came along is to be kept
  bool store_remove = false;               // FDSTOREREMOVE=1: what is called `fd_name` is to go
  bool fd_poll = true;                     // false: FDPOLL=0
  std::optional<std::string> fd_name;      // FDNAME=, a good one
  std::optional<std::string> status;       // clean UTF-8; may be empty
  std::optional<int> main_pid;             // > 0, in the sender's pid namespace
  std::optional<uint64_t> main_pidfd_id;   // inode of the main process's pidfd
  std::optional<int> error;                // ERRNO=, > 0
  std::optional<absl::Duration> extended;  // EXTEND_TIMEOUT_USEC=, > 0
  std::optional<absl::Duration> sent_at;   // MONOTONIC_USEC=, CLOCK_MONOTONIC
  size_t bad_lines = 0;                    // names that nobody knows are not counted
};

NotifyMessage ParseNotifyMessage(absl::string_view text);

}  // namespace socketd
