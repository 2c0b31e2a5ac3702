// Listeners that are changed while they are open.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_node.h"
#include "server/kernel/linux_options.h"

namespace socketd {
namespace {

constexpr mode_t kPermissions = 07777;

std::string Refused(absl::string_view key, const ListenSpec& spec, absl::string_view why) {
  return absl::StrCat("[Socket] ", key, "=: not obeyed for ", ToText(spec.address), ": ", why);
}

void ChangeBacklog(int fd, const ListenSpec& to, Warnings& warnings) {
  const int backlog = static_cast<int>(std::min<uint32_t>(to.backlog, 0x7FFFFFFF));
  if (listen(fd, backlog) != 0) warnings.push_back(Refused("Backlog", to, ErrnoName(errno)));
}

absl::Status ChangePath(const Reconfiguration& change) {
  absl::StatusOr<NodePlace> place = FindPlace(std::get<PathAddress>(change.to.address).path);
  return place.ok() ? ChangeNode(*place, change.node, change.to) : place.status();
}

absl::Status ChangeQueue(const Reconfiguration& change) {
  const Owner& owner = change.to.owner;
  const uid_t uid = owner.uid.value_or(static_cast<uid_t>(-1));
  const gid_t gid = owner.gid.value_or(static_cast<gid_t>(-1));
  if ((owner.uid || owner.gid) && fchown(change.fd, uid, gid) != 0)
    return SystemError(errno, "chown");
  return fchmod(change.fd, change.to.mode & kPermissions) == 0 ? absl::OkStatus()
                                                               : SystemError(errno, "chmod");
}

void ChangeOwnerAndMode(const Reconfiguration& change, Warnings& warnings) {
  const bool same = change.from.mode == change.to.mode &&
                    change.from.owner.uid == change.to.owner.uid &&
                    change.from.owner.gid == change.to.owner.gid;
  if (same || change.node == 0) return;
  const bool queue = change.to.type == ListenType::kMessageQueue;
  const absl::Status changed = queue ? ChangeQueue(change) : ChangePath(change);
  if (!changed.ok()) warnings.push_back(Refused("SocketMode", change.to, changed.message()));
}

}  // namespace

std::vector<std::string> ReconfigureListener(const Reconfiguration& change) {
  Warnings warnings;
  ChangeOwnerAndMode(change, warnings);
  int family = 0;
  socklen_t length = sizeof(family);
  if (getsockopt(change.fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) {
    SetPipeSize(change.fd, change.to, warnings);  // no socket: of what is not one, only this is set
    return warnings;
  }
  if (Accepts(change.to.type) && change.from.backlog != change.to.backlog)
    ChangeBacklog(change.fd, change.to, warnings);
  ResetOptions(change.fd, family, change.from, change.to);
  SetOptions(change.fd, family, change.to, warnings);
  return warnings;
}

}  // namespace socketd
