// A socket unit whose definition changes while it is active.
#include "absl/strings/str_cat.h"

#include "server/engine/port_change.h"
#include "server/engine/socket_unit.h"

namespace socketd {

absl::Status SocketUnit::PrepareChange(const std::shared_ptr<const SocketSettings>& to) {
  const absl::Status prepared = ports_.Prepare(to);
  return prepared.ok() ? prepared : NameHolder(prepared, to->listeners[ports_.failed()]);
}

void SocketUnit::AbandonChange() {
  ports_.Abandon();
}

void SocketUnit::CommitChange() {
  ports_.Commit();
  settings_ = ports_.settings();
  host_.OnChanged(*this);
  // A deferred start has the time that counts from now on.
  if (auto* const deferral = std::get_if<Deferral>(&wait_))
    deferral->deadline = DeadlineIn(settings_->defer_most);
  // What is new is not watched yet.
  const auto* const traffic = std::get_if<Traffic>(&wait_);
  if (traffic != nullptr && !traffic->paused() && !stop_pending()) WatchAgain();
}

void SocketUnit::ShowPending(UnitSnapshot& snapshot) const {
  const auto& wanted = definition()->socket;
  if (open_settings() == nullptr || wanted == nullptr) return;
  for (const std::string& key : KeysInWaiting(*settings_, *wanted)) {
    snapshot.warnings.push_back(
        absl::StrCat("[Socket] ", key, "=: what the file says counts from the next start"));
  }
}

}  // namespace socketd
