#include <mqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/errors.h"
#include "server/kernel/linux_labels.h"
#include "server/kernel/linux_probe.h"

namespace socketd {
namespace {

UniqueFd OpenOne(int family, int type, int protocol) {
  return UniqueFd(socket(family, type | SOCK_CLOEXEC, protocol));
}

// `there` with the errno of what was tried last.
Capability Found(absl::string_view name, bool there) {
  return {std::string(name), there, there ? "" : ErrnoName(errno)};
}

Capability Option(absl::string_view name, int option, int value) {
  const UniqueFd fd = OpenOne(AF_UNIX, SOCK_DGRAM, 0);
  return Found(name, fd && setsockopt(fd.get(), SOL_SOCKET, option, &value, sizeof(value)) == 0);
}

bool HasQueues() {
  // A name that cannot be: whoever has queues says so of the name.
  return UniqueFd(mq_open("/", O_RDONLY | O_CLOEXEC)) || errno != ENOSYS;
}

}  // namespace

std::vector<Capability> ProbeSockets() {
  std::vector<Capability> found;
  Capability pidfd = Option("peer-pidfd", kSoPassPidfd, 1);
  pidfd.detail =
      pidfd.available ? "senders are matched by pidfd" : "senders are matched by process id";
  found.push_back(std::move(pidfd));
  found.push_back(Option("pass-rights", kSoPassRights, 0));
  found.push_back(Found("mptcp", bool(OpenOne(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))));
  found.push_back(Found("udplite", bool(OpenOne(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE))));
  found.push_back(Found("sctp", bool(OpenOne(AF_INET, SOCK_STREAM, IPPROTO_SCTP))));
  found.push_back(Found("vsock", bool(OpenOne(AF_VSOCK, SOCK_STREAM, 0))));
  found.push_back(Found("message-queues", HasQueues()));
  found.push_back({"function-fs", false,
                   HasFunctionFs() ? "USB functions are not listened on yet"
                                   : "this kernel has no FunctionFS"});
  found.push_back({"socket-xattrs", HasSocketXattrs(), "attributes of sockets are Linux 7.0's"});
  found.push_back({"smack", HasSmack(), HasSmack() ? "" : "this kernel has no Smack"});
  found.push_back({"selinux", false, "instances keep the daemon's context"});
  return found;
}

}  // namespace socketd
