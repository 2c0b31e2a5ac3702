// Listeners that are changed while they are open.
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "server/kernel/linux_labels.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_node.h"
#include "server/kernel/linux_options.h"
#include "server/kernel/linux_socket.h"

namespace socketd {
namespace {

absl::Status ChangePath(const Reconfiguration& change) {
  absl::StatusOr<NodePlace> place = FindPlace(std::get<PathAddress>(change.to.address).path);
  return place.ok() ? ChangeNode(*place, change.node, change.to) : place.status();
}

absl::Status ChangeQueue(const Reconfiguration& change) {
  const std::string& name = std::get<QueueAddress>(change.to.address).name;
  absl::Status given = GiveOwner(change.fd, change.to, name);
  return given.ok() ? GiveMode(change.fd, change.to, name) : given;
}

void ChangeOwnerAndMode(const Reconfiguration& change, Warnings& warnings) {
  const bool same = change.from.mode == change.to.mode &&
                    change.from.owner.uid == change.to.owner.uid &&
                    change.from.owner.gid == change.to.owner.gid;
  if (same || change.node == 0) return;
  const bool queue = change.to.type == ListenType::kMessageQueue;
  const absl::Status changed = queue ? ChangeQueue(change) : ChangePath(change);
  if (!changed.ok()) warnings.push_back(NotObeyed("SocketMode", change.to, changed.message()));
}

}  // namespace

absl::StatusOr<OpenPort> ResumeListener(UniqueFd fd, const ListenSpec& spec) {
  OpenPort port;
  port.bound = LocalAddressOf(fd.get());
  if (const auto* path = std::get_if<PathAddress>(&spec.address)) {
    port.bound = spec.address;
    const UniqueFd node(open(path->path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    port.node = InodeOf(node.get());
    const absl::Status changed = ChangePath({fd.get(), port.node, spec, spec});
    if (!changed.ok()) port.warnings.push_back(NotObeyed("SocketMode", spec, changed.message()));
    if (!spec.options.empty()) LabelNode(node.get(), spec, port.warnings);
  }
  const absl::StatusOr<PortFound> found = RestoreListener(fd.get(), port.node, spec);
  if (!found.ok()) return found.status();
  if (*found == PortFound::kBroken || *found == PortFound::kNameless)
    return SystemError(ENOTCONN, "listen", {{"address", ToText(spec.address)}});
  SetOptions(fd.get(), FamilyOf(port.bound), spec, port.warnings);
  port.fd = std::move(fd);
  return port;
}

std::vector<std::string> ReconfigureListener(const Reconfiguration& change) {
  Warnings warnings;
  ChangeOwnerAndMode(change, warnings);
  int family = 0;
  socklen_t length = sizeof(family);
  if (getsockopt(change.fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) {
    SetPipeSize(change.fd, change.to, warnings);  // no socket: of what is not one, only this is set
    return warnings;
  }
  const bool same = change.from.backlog == change.to.backlog;
  const absl::Status begun = same ? absl::OkStatus() : BeginListening(change.fd, change.to);
  if (!begun.ok()) warnings.push_back(NotObeyed("Backlog", change.to, ErrnoName(ErrnoOf(begun))));
  ResetOptions(change.fd, family, change.from, change.to);
  SetOptions(change.fd, family, change.to, warnings);
  return warnings;
}

}  // namespace socketd
