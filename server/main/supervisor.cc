#include "server/main/supervisor.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/log.h"

namespace socketd {
namespace {

// With one descriptor beside the text; -1: with none.
ssize_t SendTo(
    int sender, const sockaddr_un& to, socklen_t size, absl::string_view text, int number) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{const_cast<char*>(text.data()), text.size()};  // NOLINT: sendmsg only reads
  msghdr message{};
  message.msg_name = const_cast<sockaddr_un*>(&to);  // NOLINT: the same
  message.msg_namelen = size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (number >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &number, sizeof(number));
  }
  return sendmsg(sender, &message, MSG_NOSIGNAL);
}

}  // namespace

absl::Status Supervisor::Send(absl::string_view text, int number) const {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address_.size() >= sizeof to.sun_path) return SystemError(ENAMETOOLONG, "sendmsg");
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (address_.front() == '@') to.sun_path[0] = '\0';
  const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) return SystemError(errno, "socket");
  constexpr timeval kPatience{0, 100'000};
  setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const ssize_t sent = SendTo(sender, to, size, text, number);
  const int error = sent < 0 ? errno : 0;
  close(sender);
  return error == 0 ? absl::OkStatus() : SystemError(error, "sendmsg");
}

void Supervisor::Tell(absl::string_view text) const {
  if (address_.empty()) return;
  if (const absl::Status sent = Send(text, -1); !sent.ok())
    LogFailure(Level::kWarning, "supervisor.unreachable", sent, {{"address", address_}});
}

absl::Status Supervisor::Store(int number, absl::string_view name) const {
  if (address_.empty()) return SystemError(ENOTCONN, "sendmsg");
  return Send(absl::StrCat("FDSTORE=1\nFDPOLL=0\nFDNAME=", name), number);
}

void Supervisor::Forget(absl::string_view name) const {
  Tell(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", name));
}

}  // namespace socketd
