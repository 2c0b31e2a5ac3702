#include "tests/real/testing/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace socketd::real {
namespace {

constexpr timeval kPatience = {20, 0};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address UnixAddress(const std::string& name) {
  Address address;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  local->sun_family = AF_UNIX;
  name.copy(local->sun_path, sizeof local->sun_path - 1);
  if (name[0] == '@') local->sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                        (name[0] == '@' ? 0 : 1));
  return address;
}

Address InternetAddress(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, ':');
  int port = 0;
  Address address;
  auto* internet = reinterpret_cast<sockaddr_in*>(&address.storage);
  internet->sin_family = AF_INET;
  if (absl::SimpleAtoi(parts.second, &port)) internet->sin_port = htons(port);
  inet_pton(AF_INET, parts.first.c_str(), &internet->sin_addr);
  address.size = sizeof(sockaddr_in);
  return address;
}

absl::StatusOr<int> Connect(const std::string& to, int type) {
  const Address address = to[0] == '/' || to[0] == '@' ? UnixAddress(to) : InternetAddress(to);
  const int fd = socket(address.storage.ss_family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
    return fd;
  }
  absl::Status failure = absl::ErrnoToStatus(errno, absl::StrCat("connect to ", to));
  close(fd);
  return failure;
}

}  // namespace

absl::StatusOr<Conversation> Conversation::Open(const std::string& address) {
  absl::StatusOr<int> fd = Connect(address, SOCK_STREAM);
  if (!fd.ok()) return fd.status();
  return Conversation(*fd);
}

absl::StatusOr<Conversation> Conversation::OpenPackets(const std::string& path) {
  absl::StatusOr<int> fd = Connect(path, SOCK_SEQPACKET);
  if (!fd.ok()) return fd.status();
  return Conversation(*fd);
}

Conversation::~Conversation() {
  if (fd_ >= 0) close(fd_);
}

bool Conversation::Say(absl::string_view text) const {
  return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string Conversation::Hear() const {
  std::vector<char> buffer(65536);
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string(buffer.data(), size) : "";
}

std::string Conversation::HearAll() const {
  std::string all;
  for (std::string part = Hear(); !part.empty(); part = Hear())
    all += part;
  return all;
}

Conversation::Parcel Conversation::HearParcel() const {
  constexpr size_t kMostFds = 253;  // SCM_MAX_FD, unix(7)
  std::vector<char> buffer(65536);
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))];
  iovec part = {buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Parcel parcel;
  const ssize_t size = recvmsg(fd_, &message, MSG_CMSG_CLOEXEC);
  if (size < 0) return parcel;
  parcel.data.assign(buffer.data(), size);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const size_t before = parcel.fds.size();
    parcel.fds.resize(before + count);
    memcpy(parcel.fds.data() + before, CMSG_DATA(header), count * sizeof(int));
  }
  return parcel;
}

void Conversation::Close() const {
  shutdown(fd_, SHUT_WR);
}

std::string Ask(const std::string& address, absl::string_view text) {
  const absl::StatusOr<Conversation> conversation = Conversation::Open(address);
  if (!conversation.ok() || !conversation->Say(text)) return "";
  conversation->Close();
  return conversation->HearAll();
}

int FreePort() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace socketd::real
