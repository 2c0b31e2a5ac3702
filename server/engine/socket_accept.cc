// A socket unit with Accept=: each connection gets an instance, or is refused for a reason.
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/socket_unit.h"

namespace socketd {

void SocketUnit::AcceptSome(const Fd& port) {
  constexpr int kBatch = 16;  // a turn's share of one port, for the sake of the others
  const size_t index = ports_.IndexOf(port);
  connection_name_ = NameAt(index);
  // After a first one, the next event tells whether there is somebody at all.
  for (int i = 0; i < kBatch && !AtLimit(index, i == 0); ++i) {
    // Who was accepted before is served before.
    if (!host_.has_room() || !shortages_->empty()) return PauseAccepting();
    absl::StatusOr<Connection> connection = host_.loop().kernel().Accept(port, AcceptFor::kUnit);
    if (!connection.ok()) return OnNoConnection(connection.status());
    short_ = false;
    Count(index);
    host_.loop().kernel().HandOn(settings_->listeners.front().spec.options, *connection);
    const Ending admitted = Admit(*std::move(connection));
    if (admitted.outcome != Outcome::kPending) return Conclude(admitted);
  }
}

void SocketUnit::OnNoConnection(const absl::Status& why) {
  if (absl::IsUnavailable(why)) return;
  if (IsResourceShortage(why)) return PauseAccepting();
  Conclude(FailedBy(why));
}

// The counter of the limit that `connection` is beyond; null: of none.
uint64_t* SocketUnit::LimitOf(const Connection& connection) {
  const uint32_t most = settings_->max_connections;
  if (most != 0 && connections_ >= most) return &counters_.refused_max_connections;
  const SourceLimit& limit = settings_->per_source;
  if (limit.connections == 0) return nullptr;
  const bool over = sources_.Count(SourceOf(connection, limit)) >= limit.connections;
  return over ? &counters_.refused_per_source : nullptr;
}

// Who is refused sees the end of the connection at once.
Ending SocketUnit::Admit(Connection connection) {
  host_.OnChanged(*this);
  if (uint64_t* const refused = LimitOf(connection)) {
    ++*refused;
    return Outcome::kPending;
  }
  const absl::Status started = host_.StartInstance(*this, std::move(connection));
  if (started.ok()) {
    ++counters_.accepted;
    ++counters_.triggered;
    return Outcome::kPending;
  }
  ++(host_.shutting_down() ? counters_.refused_stopping : counters_.refused_resources);
  if (!absl::IsResourceExhausted(started)) return FailedBy(started);
  LogFailure(Level::kWarning, "socket.refused", started, {{"unit", name()}});
  return Outcome::kPending;
}

// A shortage says nothing about the unit: the queue waits for better times in the kernel.
void SocketUnit::PauseAccepting() {
  constexpr absl::Duration kPause = absl::Milliseconds(100);
  if (!std::exchange(short_, true)) Log(Level::kWarning, "socket.shortage", {{"unit", name()}});
  auto resume = [this] { WatchAgain(); };
  std::get<Traffic>(wait_).Pause(DeadlineAfter(host_.loop(), kPause, resume));
}

Sources::Hold SocketUnit::HoldSource(const Connection& connection) {
  const SourceLimit& limit = settings_->per_source;
  if (limit.connections == 0) return {};
  return sources_.Take(SourceOf(connection, limit));
}

Sources::Hold SocketUnit::HoldSource(const std::string& source) {
  return source.empty() ? Sources::Hold() : sources_.Take(source);
}

// The instance goes; what became of it is kept for a while.
void SocketUnit::OnInstanceFailed(const Unit& instance) {
  constexpr size_t kKept = 16;
  auto kept = std::make_shared<std::vector<InstanceFailure>>();
  if (failures_ != nullptr) {
    const size_t first = failures_->size() < kKept ? 0 : 1;
    kept->assign(failures_->begin() + static_cast<ptrdiff_t>(first), failures_->end());
  }
  kept->push_back(
      {instance.name(), host_.loop().wall_now(), instance.result(), instance.cause().detail});
  failures_ = std::move(kept);
  ++counters_.failed;
}

void SocketUnit::OnInstanceSkipped(const Unit& instance) {
  ++counters_.skipped;
  if (instance.start_check() != nullptr) skipped_detail_ = instance.start_check()->unmet;
}

void SocketUnit::OnInstanceGone() {
  --connections_;
  shortages_->Prompt();
  host_.OnChanged(*this);
}

}  // namespace socketd
