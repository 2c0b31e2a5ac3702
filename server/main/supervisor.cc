#include "server/main/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

absl::Status Send(const std::string& address, absl::string_view text) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.size() >= sizeof to.sun_path) return SystemError(ENAMETOOLONG, "sendto");
  std::memcpy(to.sun_path, address.data(), address.size());
  if (address.front() == '@') to.sun_path[0] = '\0';
  const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (sender < 0) return SystemError(errno, "socket");
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const ssize_t sent = sendto(sender, text.data(), text.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&to), size);
  const int error = sent < 0 ? errno : 0;
  close(sender);
  return error == 0 ? absl::OkStatus() : SystemError(error, "sendto");
}

}  // namespace

void Supervisor::Tell(absl::string_view text) const {
  if (address_.empty()) return;
  if (const absl::Status sent = Send(address_, text); !sent.ok())
    LogFailure(Level::kWarning, "supervisor.unreachable", sent, {{"address", address_}});
}

}  // namespace socketd
