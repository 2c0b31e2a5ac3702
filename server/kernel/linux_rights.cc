#include "server/kernel/linux_rights.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr size_t kDataMax = 65536;  // of one packet; a longer one is cut and marked
constexpr size_t kRightsMax = 253;  // SCM_MAX_FD, unix(7)

absl::Status NothingNow(absl::string_view what) {
  return Error(absl::StatusCode::kUnavailable, "WOULD_BLOCK", what);
}

bool IsBusy(int error) {
  return error == EAGAIN || error == EINTR;
}

// Room for all that can come: the most descriptors, credentials, a pidfd.
constexpr size_t kControlSize =
    CMSG_SPACE(kRightsMax * sizeof(int)) + CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int));

template <typename T>
T ContentOf(const cmsghdr* header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof(value));
  return value;
}

void TakeRights(const cmsghdr* header, std::vector<UniqueFd>& fds) {
  const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof(number));
    fds.emplace_back(number);
  }
}

void TakeCredentials(const ucred& credentials, Peer& peer) {
  peer.pid = credentials.pid;
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
}

// The control group of the process that it holds, ended or not.
GroupId GroupOfPidfd(int pidfd) {
  // Of one that has ended and was waited for, the exit information knows the group.
  PidfdInfo info;
  info.mask = PidfdInfo::kCgroup | PidfdInfo::kExit;
  PidfdAsk(pidfd, info);
  const bool told = (info.mask & PidfdInfo::kCgroup) != 0;
  return told ? static_cast<GroupId>(info.cgroup_id) : GroupId::kNone;
}

void TakeControl(msghdr& message, RawPacket& packet) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) {
      TakeRights(header, packet.fds);
    } else if (header->cmsg_type == SCM_CREDENTIALS) {
      TakeCredentials(ContentOf<ucred>(header), packet.peer);
    } else if (header->cmsg_type == kScmPidfd) {
      const UniqueFd pidfd(ContentOf<int>(header));
      packet.peer.group = GroupOfPidfd(pidfd.get());
    }
  }
}

}  // namespace

Peer PeerOfSocket(int socket) {
  Peer peer;
  ucred credentials{0, kNobodyUid, kNobodyUid};
  socklen_t length = sizeof(credentials);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
    TakeCredentials(credentials, peer);
  return peer;
}

absl::StatusOr<RawPacket> ReceivePacket(int socket, int flags) {
  static thread_local std::array<char, kDataMax> buffer;
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (length < 0) {
    const int error = errno;
    return IsBusy(error) ? NothingNow("no packet is waiting") : SystemError(error, "recvmsg");
  }
  RawPacket packet;
  TakeControl(message, packet);
  packet.truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  packet.data.assign(buffer.data(), static_cast<size_t>(length));
  return packet;
}

absl::Status SendPacket(int socket, absl::string_view data, absl::Span<const int> fds) {
  if (fds.size() > kRightsMax)
    return SystemError(EINVAL, "sendmsg", {{"descriptors", absl::StrCat(fds.size())}});
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kRightsMax * sizeof(int))> control{};
  iovec part{const_cast<char*>(data.data()), data.size()};  // NOLINT: sendmsg only reads
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return absl::OkStatus();
  const int error = errno;
  return IsBusy(error) ? NothingNow("the peer's queue is full") : SystemError(error, "sendmsg");
}

}  // namespace socketd
