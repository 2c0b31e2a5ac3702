#include "server/handoff/notify_socket.h"

#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/base/uid.h"

namespace socketd {
namespace {

// A flood of one service must not keep the loop from the others; the kernel makes its senders wait.
constexpr int kPacketsPerTurn = 64;

}  // namespace

NotifySocket::~NotifySocket() {
  if (!port_.fd) return;
  loop_.kernel().Disarm(port_.fd);
  if (const absl::Status removed = loop_.kernel().Remove(path_, port_.node); !removed.ok())
    LogFailure(Level::kDebug, "notify.node-stays", removed);
}

absl::Status NotifySocket::Open(const std::string& path) {
  ListenSpec spec;
  spec.type = ListenType::kDatagram;
  spec.address = PathAddress{path};
  spec.mode = 0666;
  spec.pass_credentials = true;
  absl::StatusOr<Port> port = loop_.kernel().Listen(spec);
  if (!port.ok()) return port.status();
  path_ = path;
  port_ = *std::move(port);
  // A service may end in the turn in which it says its last words, or be late but for them.
  subscription_ = Subscription(loop_, *this, Priority::kUrgent);
  return loop_.kernel().Arm(port_.fd, subscription_.token(), Arming::kLevel);
}

void NotifySocket::OnEvent(const Event& /*event*/) {
  for (int i = 0; i < kPacketsPerTurn; ++i)
    if (!TakeOne()) return;
}

bool NotifySocket::TakeOne() {
  // It is taken when what was said has been done: should the daemon end before, the next one hears
  // it.
  absl::StatusOr<Packet> packet = loop_.kernel().Peek(port_.fd);
  if (!packet.ok()) {
    if (!absl::IsUnavailable(packet.status()))
      LogFailure(Level::kWarning, "notify.unreadable", packet.status());
    return false;
  }
  // Who cannot be told is not believed. User=nobody is somebody: its group says whose it is.
  if (packet->truncated || packet->peer.pid == 0) {
    ++dropped_;
    Log(Level::kDebug, "notify.dropped",
        {{"uid", absl::StrCat(packet->peer.uid)}, {"pid", absl::StrCat(packet->peer.pid)}});
  } else {
    sink_(*packet);
  }
  // What nobody took is closed at the end, when what was said has been done.
  return loop_.kernel().DropPacket(port_.fd).ok();
}

}  // namespace socketd
