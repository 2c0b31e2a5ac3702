#include "tests/real/kernel/client.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <variant>

namespace socketd {
namespace {

struct Raw {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Raw RawOfUnix(absl::string_view path, bool abstract) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const size_t skip = abstract ? 1 : 0;
  std::memcpy(un.sun_path + skip, path.data(), path.size());
  Raw raw;
  raw.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  std::memcpy(&raw.storage, &un, sizeof(un));
  return raw;
}

Raw RawOfAny(const SocketAddress& address) {
  if (const auto* path = std::get_if<PathAddress>(&address)) return RawOfUnix(path->path, false);
  if (const auto* name = std::get_if<AbstractAddress>(&address)) return RawOfUnix(name->name, true);
  Raw raw;
  if (const auto* ipv4 = std::get_if<Ipv4Address>(&address)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(ipv4->port);
    std::memcpy(&in.sin_addr, ipv4->octets.data(), 4);
    std::memcpy(&raw.storage, &in, sizeof(in));
    raw.length = sizeof(in);
  } else if (const auto* ipv6 = std::get_if<Ipv6Address>(&address)) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(ipv6->port);
    std::memcpy(&in.sin6_addr, ipv6->octets.data(), 16);
    std::memcpy(&raw.storage, &in, sizeof(in));
    raw.length = sizeof(in);
  }
  return raw;
}

void SetPatience(int fd) {
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

bool SendWith(int fd, const std::string& text, const std::vector<int>& fds, const Raw* to) {
  std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
  std::string copy = text;
  iovec part{copy.data(), copy.size()};
  sockaddr_storage address{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (to != nullptr) {
    address = to->storage;
    message.msg_name = &address;
    message.msg_namelen = to->length;
  }
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

}  // namespace

bool Client::Connect(const SocketAddress& address) {
  const Raw raw = RawOfAny(address);
  fd_.reset(socket(raw.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SetPatience(fd_.get());
  return connect(fd_.get(), reinterpret_cast<const sockaddr*>(&raw.storage), raw.length) == 0;
}

bool Client::ConnectPacket(const std::string& path) {
  const Raw raw = RawOfUnix(path, false);
  fd_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  SetPatience(fd_.get());
  return connect(fd_.get(), reinterpret_cast<const sockaddr*>(&raw.storage), raw.length) == 0;
}

bool Client::SendTo(const std::string& path, const std::string& text, const std::vector<int>& fds) {
  const Raw raw = RawOfUnix(path, false);
  fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  SetPatience(fd_.get());
  return SendWith(fd_.get(), text, fds, &raw);
}

bool Client::Send(const std::string& text, const std::vector<int>& fds) {
  return SendWith(fd_.get(), text, fds, nullptr);
}

std::string Client::ReadAll() {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t length = 1; length > 0;) {
    length = read(fd_.get(), part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<size_t>(length));
  }
  return text;
}

bool Client::Deliver(const ListenSpec& spec, const std::string& text) {
  const auto length = static_cast<ssize_t>(text.size());
  if (const auto* queue = std::get_if<QueueAddress>(&spec.address)) {
    fd_.reset(mq_open(queue->name.c_str(), O_WRONLY | O_CLOEXEC));
    return mq_send(fd_.get(), text.data(), text.size(), 0) == 0;
  }
  if (const auto* netlink = std::get_if<NetlinkAddress>(&spec.address)) {
    fd_.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, static_cast<int>(netlink->family)));
    sockaddr_nl to{};
    to.nl_family = AF_NETLINK;
    to.nl_groups = netlink->groups;
    const ssize_t sent = sendto(fd_.get(), text.data(), text.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    // The kernel itself is addressed besides the groups, and does not listen to all families.
    return sent == length || errno == ECONNREFUSED;
  }
  const auto* path = std::get_if<PathAddress>(&spec.address);
  if (path == nullptr) return false;
  fd_.reset(open(path->path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  return write(fd_.get(), text.data(), text.size()) == length;
}

Terminal::Terminal() {
  other_end_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (grantpt(other_end_.get()) != 0 || unlockpt(other_end_.get()) != 0 ||
      ptsname_r(other_end_.get(), name.data(), name.size()) != 0)
    return;
  path_ = name.data();
  keeps_it_raw_.reset(open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  tcgetattr(keeps_it_raw_.get(), &settings);
  cfmakeraw(&settings);
  tcsetattr(keeps_it_raw_.get(), TCSANOW, &settings);
}

bool Terminal::Write(const std::string& text) {
  return write(other_end_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace socketd
