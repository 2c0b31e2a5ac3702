// Where the daemon listens, as told on the command line. Plain values; any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd::cli {

inline constexpr absl::string_view kDefaultAddress = "unix:/run/socketd/api.sock";

struct Address {
  std::string text;       // as the user wrote it
  std::string target;     // as gRPC wants it
  std::string unix_path;  // empty for HOST:PORT
};

// Reads "unix:PATH", "/PATH", "HOST:PORT", "[IPV6]:PORT" or "tcp:HOST:PORT". INVALID_ARGUMENT says
// what was expected. A unix path has at most 107 bytes: sockaddr_un has no room for more.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Why nobody answers at `address`, found by trying to connect: NOT_FOUND (no socket there, or
// nobody listens on it), PERMISSION_DENIED, or OK if it can be connected to. HOST:PORT is not
// tried: OK.
absl::Status DiagnoseAddress(const Address& address);

}  // namespace socketd::cli
