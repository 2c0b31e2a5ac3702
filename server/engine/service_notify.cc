// What services say of themselves over NOTIFY_SOCKET; sd_notify(3).
#include <utility>

#include "server/base/log.h"
#include "server/engine/service_unit.h"
#include "server/unit/notify_message.h"

namespace socketd {
namespace {

Ending SaidStopping() {
  return FailedFor(Result::kSuccess, {Cause::Kind::kNotification, "", "STOPPING"});
}

}  // namespace

bool ServiceUnit::Believes(const Peer& sender) const {
  if (settings_ == nullptr || run_.group() == GroupId::kNone) return false;
  const Process* const beside = control();
  // Its birth, where its user had to be looked up, may come to be known in this turn.
  const int main_pid = main_ ? main_.child.pid() : main_pid_;
  const bool is_control = beside != nullptr && *beside && beside->child.pid() == sender.pid;
  switch (settings_->notify_access) {
    case NotifyAccess::kNone:
      return false;
    case NotifyAccess::kMain:
      return sender.pid != 0 && sender.pid == main_pid;
    case NotifyAccess::kExec:
      return sender.pid != 0 && (sender.pid == main_pid || is_control);
    case NotifyAccess::kAll:
      return true;
  }
  return false;
}

void ServiceUnit::OnNotify(const NotifyMessage& message, const Peer& sender, std::vector<Fd>& fds) {
  if (!Believes(sender)) {
    // Once a run: who is not believed may say it a million times.
    if (std::exchange(disbelieved_, invocation_id()) == invocation_id()) return;
    Log(Level::kWarning, "unit.not-believed",
        {{"unit", name()}, {"pid", std::to_string(sender.pid)}});
    return;
  }
  if (message.main_pid.has_value()) OnMainPid(*message.main_pid);
  OnStore(message, fds);
  if (message.status.has_value()) {
    status_text_ = *message.status;
    host_.OnChanged(*this);
  }
  if (message.extended.has_value()) Extend(*message.extended);
  // As systemd weighs them where one message says several.
  if (message.stopping) return OnStopping();
  if (message.ready) return OnReady(message);
  if (message.reloading) OnReloading(message);
}

// One that goes by a name and comes by none is as with systemd: what removes does not add.
void ServiceUnit::OnStore(const NotifyMessage& message, std::vector<Fd>& fds) {
  if (message.store_remove) {
    if (!message.fd_name.has_value()) return;
    store_.Remove(*message.fd_name);
  } else if (message.store && !fds.empty()) {
    FdStore::Offer offer;
    offer.fds = std::exchange(fds, {});
    offer.name = message.fd_name.value_or("stored");
    offer.watched = message.fd_poll;
    offer.most = settings_->store_most;
    const FdStore::Refused refused = store_.Add(std::move(offer));
    // Once a run: who sends them may send a million.
    if (refused.count > 0 && unstored_ == 0)
      LogFailure(Level::kWarning, "unit.descriptors-closed", refused.why, {{"unit", name()}});
    unstored_ += refused.count;
  } else {
    return;
  }
  host_.OnChanged(*this);
}

// The service ends by itself: what it was to be running for is over, and it is not signalled.
Ending ServiceUnit::Leave() {
  leaves_ = true;
  return SaidStopping();
}

// Before the service runs, or while it reloads, it is taken up as soon as it does.
void ServiceUnit::OnStopping() {
  said_ = Said::kStopping;
  if (row().awaits == ServiceAwait::kMainEnd) return Conclude(Leave());
  if (row().awaits == ServiceAwait::kReloaded) {
    Conclude(SaidStopping());
  }
}

// After a reload by signal the service has to say RELOADING=1 with a time after the signal: what it
// said before it had seen the signal is about something else.
void ServiceUnit::OnReloading(const NotifyMessage& message) {
  said_ = Said::kReloading;
  auto* const ready = std::get_if<Ready>(&wait_);
  if (ready != nullptr && message.sent_at.has_value() &&
      Instant::After(*message.sent_at) >= reload_asked_) {
    ready->announced = true;
  }
  // Each reload is two moves of the history, which all units share.
  constexpr RateLimit kReloads = {absl::Seconds(10), 10};
  if (state() != ServiceState::kRunning) return;
  if (!reloads_.Admit(kReloads, host_.loop().now())) return;
  reloads_itself_ = true;
  set_cause({Cause::Kind::kNotification, "", "RELOADING"});
  Settle(row().reload);
}

void ServiceUnit::OnReady(const NotifyMessage& message) {
  said_ = Said::kReady;
  const auto* const ready = std::get_if<Ready>(&wait_);
  if (ready == nullptr || !(ready->announced || message.reloading)) return;
  const bool notifies =
      settings_->type == ServiceType::kNotify || settings_->type == ServiceType::kNotifyReload;
  if (state() == ServiceState::kStart && !notifies) return;
  Conclude(DoneFor({Cause::Kind::kNotification, "", "READY"}));
}

void ServiceUnit::OnMainPid(int pid) {
  if (main_ && main_.child.pid() == pid) return;
  absl::StatusOr<Process> process = run_.Adopt(pid);
  if (!process.ok()) {
    if (std::exchange(misled_, invocation_id()) == invocation_id()) return;
    LogFailure(Level::kWarning, "unit.bad-main-pid", process.status(), {{"unit", name()}});
    return;
  }
  main_ = *std::move(process);
  main_pid_ = pid;
  main_end_.reset();
  host_.OnChanged(*this);
}

}  // namespace socketd
