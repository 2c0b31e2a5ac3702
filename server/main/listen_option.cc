#include "server/main/listen_option.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

// sun_path, unix(7), with its NUL.
constexpr size_t kUnixPathLimit = 107;

absl::Status Bad(absl::string_view text, absl::string_view expected) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_LISTEN_ADDRESS",
               absl::StrCat("--listen ", text, ": ", expected));
}

absl::StatusOr<ListenSpec> ParseUnix(absl::string_view text, absl::string_view path) {
  if (path.empty() || path.front() != '/') return Bad(text, "an absolute path is expected");
  if (path.size() > kUnixPathLimit)
    return Bad(text, absl::StrCat("the path has more than ", kUnixPathLimit, " bytes"));
  ListenSpec spec;
  spec.address = PathAddress{std::string(path)};
  spec.mode = 0600;
  return spec;
}

// Nothing but loopback: whatever comes from elsewhere could be read and changed on its way.
bool ReadLoopback(absl::string_view host, uint16_t port, SocketAddress& address) {
  if (host == "localhost") host = "127.0.0.1";
  const std::string text(host);
  Ipv4Address v4{.port = port};
  if (inet_pton(AF_INET, text.c_str(), v4.octets.data()) == 1) {
    address = v4;
    return v4.octets[0] == 127;
  }
  Ipv6Address v6;
  v6.port = port;
  const std::string inner(absl::StripSuffix(absl::StripPrefix(text, "["), "]"));
  if (inet_pton(AF_INET6, inner.c_str(), v6.octets.data()) != 1) return false;
  address = v6;
  std::array<uint8_t, 16> loopback{};
  loopback.back() = 1;
  return v6.octets == loopback;
}

absl::StatusOr<ListenSpec> ParseTcp(absl::string_view text, absl::string_view address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port > 65535)
    return Bad(text, "tcp:HOST:PORT is expected, as tcp:127.0.0.1:5300 or tcp:[::1]:5300");
  ListenSpec spec;
  if (!ReadLoopback(address.substr(0, colon), static_cast<uint16_t>(port), spec.address)) {
    return Bad(text,
               "only loopback addresses (127.0.0.0/8, [::1], localhost) are taken, because TCP is "
               "not encrypted here");
  }
  return spec;
}

}  // namespace

absl::StatusOr<ListenSpec> ParseListenOption(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) return ParseUnix(text, rest);
  if (absl::ConsumePrefix(&rest, "tcp:")) return ParseTcp(text, rest);
  return Bad(text, "unix:PATH or tcp:HOST:PORT is expected");
}

}  // namespace socketd
