#include "server/kernel/linux_special.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_labels.h"
#include "server/kernel/linux_node.h"
#include "server/kernel/linux_options.h"

namespace socketd {
namespace {

absl::Status Refused(int error, absl::string_view call, const std::string& address) {
  const bool permission = error == EACCES || error == EPERM;
  return SystemError(error, call, {{"address", address}},
                     permission ? "PERMISSION_DENIED" : "SYSTEM_ERROR");
}

bool CanWait(int fd) {
  const UniqueFd poll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  return poll && epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// A queue's limits are for who makes it; there is no harm in those of one that is there.
UniqueFd OpenOrMakeQueue(const std::string& name, const ListenSpec& spec) {
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  mq_attr attributes{};
  attributes.mq_maxmsg = static_cast<decltype(attributes.mq_maxmsg)>(spec.queue_messages);
  attributes.mq_msgsize = static_cast<decltype(attributes.mq_msgsize)>(spec.queue_message_size);
  // Without a moment of wrong owner or mode: nobody else may open it yet.
  UniqueFd made(mq_open(name.c_str(), kFlags | O_CREAT | O_EXCL, 0,
                        spec.queue_messages != 0 ? &attributes : nullptr));
  if (made || errno != EEXIST) return made;
  return UniqueFd(mq_open(name.c_str(), kFlags));
}

void WarnOfLimits(int fd, const ListenSpec& spec, Warnings& warnings) {
  mq_attr attributes{};
  if (spec.queue_messages == 0 || mq_getattr(fd, &attributes) != 0) return;
  const bool as_asked =
      attributes.mq_maxmsg == static_cast<decltype(attributes.mq_maxmsg)>(spec.queue_messages) &&
      attributes.mq_msgsize ==
          static_cast<decltype(attributes.mq_msgsize)>(spec.queue_message_size);
  if (as_asked) return;
  const std::string there = absl::StrCat("the queue was there with ", attributes.mq_maxmsg, " of ",
                                         attributes.mq_msgsize, " bytes");
  warnings.push_back(NotObeyed("MessageQueueMaxMessages", spec, there));
}

// False: nothing is left, or it cannot be told.
bool DropOne(int fd, ListenType type) {
  static thread_local std::array<char, 65536> bytes;
  switch (type) {
    case ListenType::kStream:
    case ListenType::kSequentialPacket: {
      const UniqueFd dropped(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      return dropped || errno == ECONNABORTED;
    }
    case ListenType::kDatagram:
    case ListenType::kNetlink:
      return recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT) >= 0;
    case ListenType::kMessageQueue: {
      mq_attr attributes{};
      if (mq_getattr(fd, &attributes) != 0) return false;
      std::vector<char> message(static_cast<size_t>(attributes.mq_msgsize));
      return mq_receive(fd, message.data(), message.size(), nullptr) >= 0;
    }
    default:
      return read(fd, bytes.data(), bytes.size()) > 0;
  }
}

}  // namespace

absl::StatusOr<OpenPort> OpenSpecial(const ListenSpec& spec) {
  const std::string& path = std::get<PathAddress>(spec.address).path;
  const int access = spec.writable ? O_RDWR : O_RDONLY;
  UniqueFd fd(open(path.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return Refused(errno, "open", path);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return Refused(errno, "fstat", path);
  if (!S_ISCHR(status.st_mode) && !S_ISREG(status.st_mode)) {
    return Error(absl::StatusCode::kFailedPrecondition, "NOT_A_SOCKET",
                 absl::StrCat("neither a character device nor a file: ", path), {{"path", path}});
  }
  if (!CanWait(fd.get())) {
    return Error(absl::StatusCode::kFailedPrecondition, "CANNOT_WAIT",
                 absl::StrCat("always ready, so that nobody can wait for it: ", path),
                 {{"path", path}});
  }
  OpenPort port;
  pollfd state{fd.get(), POLLIN, 0};
  if (poll(&state, 1, 0) > 0) {
    port.warnings.push_back(
        absl::StrCat("[Socket] ListenSpecial=: ", path,
                     " is ready from the beginning: its service starts at once"));
  }
  port.fd = Raised(std::move(fd));
  port.bound = spec.address;
  return port;
}

absl::StatusOr<OpenPort> OpenQueue(const ListenSpec& spec) {
  const std::string& name = std::get<QueueAddress>(spec.address).name;
  UniqueFd fd = OpenOrMakeQueue(name, spec);
  if (!fd) return Refused(errno, "mq_open", name);
  absl::Status given = GiveOwner(fd.get(), spec, name);
  struct stat status{};
  if (given.ok() && fstat(fd.get(), &status) != 0) given = Refused(errno, "fstat", name);
  const bool right = (status.st_mode & kPermissions) == (spec.mode & kPermissions);
  if (given.ok() && !right) given = GiveMode(fd.get(), spec, name);
  if (!given.ok()) return given;
  OpenPort port;
  port.node = status.st_ino;
  port.bound = spec.address;
  WarnOfLimits(fd.get(), spec, port.warnings);
  LabelNode(fd.get(), spec, port.warnings);
  port.fd = Raised(std::move(fd));
  return port;
}

absl::Status RemoveQueueIf(const std::string& name, uint64_t node) {
  const UniqueFd fd(mq_open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return SystemError(errno, "mq_open", {{"path", name}});
  if (node != 0 && InodeOf(fd.get()) != node) {
    return Error(absl::StatusCode::kFailedPrecondition, "NODE_CHANGED",
                 absl::StrCat("somebody else's queue by now: ", name), {{"path", name}});
  }
  if (mq_unlink(name.c_str()) == 0) return absl::OkStatus();
  return SystemError(errno, "mq_unlink", {{"path", name}});
}

size_t FlushPort(int fd, const ListenSpec& spec) {
  constexpr size_t kMost = 1024;
  // A service may have made it blocking; nobody may hold the loop.
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return 0;
  size_t dropped = 0;
  while (dropped < kMost && DropOne(fd, spec.type))
    ++dropped;
  return dropped;
}

}  // namespace socketd
