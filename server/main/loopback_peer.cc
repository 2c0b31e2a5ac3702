#include "server/main/loopback_peer.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <variant>

#include "server/base/errors.h"

namespace socketd {
namespace {

struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 request{};
};

absl::Status Unknown() {
  return Error(absl::StatusCode::kNotFound, "CALLER_UNKNOWN",
               "the kernel does not say which user is at the other end");
}

template <typename Address>
void Fill(const Address& source, const Address& destination, inet_diag_sockid& id) {
  id.idiag_sport = htons(source.port);
  id.idiag_dport = htons(destination.port);
  std::memcpy(id.idiag_src, source.octets.data(), source.octets.size());
  std::memcpy(id.idiag_dst, destination.octets.data(), destination.octets.size());
  id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

// The client's socket is the same connection, seen from the other side.
bool Ask(const Connection& connection, Question& question) {
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0U;
  const SocketAddress here = Unmapped(connection.local);
  const SocketAddress there = Unmapped(connection.remote);
  if (std::holds_alternative<Ipv4Address>(here) && std::holds_alternative<Ipv4Address>(there)) {
    question.request.sdiag_family = AF_INET;
    Fill(std::get<Ipv4Address>(there), std::get<Ipv4Address>(here), question.request.id);
    return true;
  }
  if (std::holds_alternative<Ipv6Address>(here) && std::holds_alternative<Ipv6Address>(there)) {
    question.request.sdiag_family = AF_INET6;
    Fill(std::get<Ipv6Address>(there), std::get<Ipv6Address>(here), question.request.id);
    return true;
  }
  return false;
}

absl::StatusOr<uint32_t> ReadAnswer(const char* bytes, size_t size) {
  nlmsghdr header{};
  inet_diag_msg message{};
  if (size < sizeof header) return Unknown();
  std::memcpy(&header, bytes, sizeof header);
  const bool complete = size >= NLMSG_LENGTH(sizeof message);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || !complete) return Unknown();
  std::memcpy(&message, bytes + NLMSG_HDRLEN, sizeof message);
  // A socket that nobody holds any more shows as root's; it has no inode.
  if (message.idiag_inode == 0) return Unknown();
  return message.idiag_uid;
}

}  // namespace

absl::StatusOr<uint32_t> UidOfLoopbackPeer(const Connection& connection) {
  Question question;
  if (!Ask(connection, question)) return Unknown();
  const int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return SystemError(errno, "socket");
  std::array<char, 4096> answer{};
  ssize_t size = send(netlink, &question, sizeof question, 0);
  // The kernel answers within the call: what is not there now never comes.
  if (size > 0) size = recv(netlink, answer.data(), answer.size(), MSG_DONTWAIT);
  const int error = size < 0 ? errno : 0;
  close(netlink);
  if (error != 0) return SystemError(error, "sock_diag");
  return ReadAnswer(answer.data(), static_cast<size_t>(size));
}

}  // namespace socketd
