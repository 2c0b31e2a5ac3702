#include "cli/address.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace socketd::cli {
namespace {

constexpr int kMaxPort = 65535;

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address \"", text, "\" ", why, "; expected unix:PATH or HOST:PORT, as ", kDefaultAddress));
}

absl::StatusOr<Address> UnixAddress(absl::string_view text, absl::string_view path) {
  if (path.empty()) return Bad(text, "has no path");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Bad(text, absl::StrCat("has a path of ", path.size(), " bytes (at most 107)"));
  }
  return Address{std::string(text), absl::StrCat("unix:", path),
                 std::string(path.data(), path.size())};
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    absl::ConsumePrefix(&rest, "//");
    return UnixAddress(text, rest);
  }
  if (!rest.empty() && rest.front() == '/') return UnixAddress(text, rest);
  absl::ConsumePrefix(&rest, "tcp:");
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return Bad(text, "has no port");
  int port = 0;
  if (!absl::SimpleAtoi(rest.substr(colon + 1), &port) || port < 1 || port > kMaxPort) {
    return Bad(text, "has a port that is not between 1 and 65535");
  }
  const absl::string_view host = rest.substr(0, colon);
  if (host.find(':') != absl::string_view::npos && host.front() != '[') {
    return Bad(text, "has an IPv6 address without brackets");
  }
  return Address{std::string(text), absl::StrCat("dns:///", rest), ""};
}

absl::Status DiagnoseAddress(const Address& address) {
  if (address.unix_path.empty()) return absl::OkStatus();
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return absl::OkStatus();
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(name.sun_path), address.unix_path.data(),
              std::min(address.unix_path.size(), sizeof(name.sun_path) - 1));
  const int result = connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const int error = result == 0 ? 0 : errno;
  close(probe);
  switch (error) {
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          "permission denied on the socket; run as the user that socketd serves, usually root");
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError("no socket there; is socketd running, and with this --listen?");
    case ECONNREFUSED:
      return absl::NotFoundError("nobody listens on the socket; socketd has ended");
    default:
      return absl::OkStatus();
  }
}

}  // namespace socketd::cli
