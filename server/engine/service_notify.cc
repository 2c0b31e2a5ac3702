// What services say of themselves over NOTIFY_SOCKET; sd_notify(3).
#include <utility>

#include "server/base/log.h"
#include "server/engine/service_unit.h"
#include "server/unit/notify_message.h"

namespace socketd {

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

void ServiceUnit::OnNotify(const NotifyMessage& message, const Peer& sender) {
  if (!Believes(sender)) {
    Log(Level::kWarning, "unit.not-believed",
        {{"unit", name()}, {"pid", std::to_string(sender.pid)}});
    return;
  }
  if (message.main_pid.has_value()) OnMainPid(*message.main_pid);
  if (message.status.has_value()) {
    status_text_ = *message.status;
    host_.OnChanged(*this);
  }
  if (message.extended.has_value()) Extend(*message.extended);
  if (message.stopping) Log(Level::kDebug, "unit.stopping-itself", {{"unit", name()}});
  if (message.ready) return OnReady();
  if (message.reloading && state() == ServiceState::kRunning) {
    reloads_itself_ = true;
    set_cause({Cause::Kind::kNotification, "", "RELOADING"});
    Settle(row().reload);
  }
}

void ServiceUnit::OnReady() {
  if (!std::holds_alternative<Ready>(wait_)) return;
  const bool notifies =
      settings_->type == ServiceType::kNotify || settings_->type == ServiceType::kNotifyReload;
  if (state() == ServiceState::kStart && !notifies) return;
  Conclude(DoneFor({Cause::Kind::kNotification, "", "READY"}));
}

void ServiceUnit::OnMainPid(int pid) {
  if (main_ && main_.child.pid() == pid) return;
  absl::StatusOr<Process> process = run_.Adopt(pid);
  if (!process.ok()) {
    LogFailure(Level::kWarning, "unit.bad-main-pid", process.status(), {{"unit", name()}});
    return;
  }
  main_ = *std::move(process);
  main_pid_ = pid;
  main_end_.reset();
  host_.OnChanged(*this);
}

}  // namespace socketd
