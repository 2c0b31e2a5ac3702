// A service: what each wait of the service machine means. Its processes live in one control group a
// run; one of them is the main process, and at most one control process runs beside it. An instance
// of a socket with Accept= holds the connection until it is handed to a process. Owned by the
// engine; engine thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"

#include "server/engine/exec_memory.h"
#include "server/engine/fd_store.h"
#include "server/engine/rate_limit.h"
#include "server/engine/run.h"
#include "server/engine/service_machine.h"
#include "server/engine/socket_unit.h"
#include "server/engine/sources.h"
#include "server/engine/unit.h"
#include "server/engine/waits.h"

namespace socketd {

struct NotifyMessage;

constexpr bool IsLastSignal(ServiceAwait wait) {
  return wait == ServiceAwait::kSigkill;
}

class ServiceUnit final : public Unit, public ExecMemory<ServiceUnit, ServiceRow, kServiceMachine> {
 public:
  ServiceUnit(UnitHost& host, UnitName name, DefinitionPtr definition);

  absl::Status Ask(Verb verb, const Cause& cause) override;
  void OnOther(Unit& other) override;
  void OnEvent(const Event& event) override;
  void Show(UnitSnapshot& snapshot) const override;
  Vitals vitals() const override;
  void Resume(const remembered::Unit& unit) override;
  bool restarting() const override { return state() == ServiceState::kAutoRestart; }

  // Makes this an instance for one connection of `origin`, which outlives it or forgets it.
  void Take(Connection connection, SocketUnit& origin);
  // The same for one that the daemon before had taken.
  void TakeAgain(const remembered::Unit& unit, SocketUnit& origin);
  SocketUnit* origin() const { return origin_; }
  void ForgetOrigin() { origin_ = nullptr; }

  // What a process of this unit said; whether its sender is believed is decided here.
  // Takes those of the descriptors that came along that it is to keep.
  void OnNotify(const NotifyMessage& message, const Peer& sender, std::vector<Fd>& fds);
  // Lets the descriptors that it keeps for the service go, if it rests and nothing starts it again:
  // FileDescriptorStorePreserve= of systemd.service(5).
  void TidyStore();
  // The same, whatever the unit says.
  void ClearStore();
  // How the last reload ended; OK if there was none.
  absl::Status last_reload() const;

 private:
  friend class Walk<ServiceUnit, ServiceRow, kServiceMachine>;
  friend class ExecWalk<ServiceUnit, ServiceRow, kServiceMachine>;
  friend class ExecMemory<ServiceUnit, ServiceRow, kServiceMachine>;

  using Wait =
      std::variant<std::monostate, RunningCommand, PendingSignal, Shortage, Ready, MainEnd, Delay>;
  using Variables = std::vector<std::pair<absl::string_view, std::string>>;

  // ---- for the walk ----
  Ending Begin(ServiceState next);
  void Mark(const Ending& ending);
  bool marked() const { return failed(); }
  void OnMoved(ServiceState from, ServiceState to);
  absl::StatusOr<Process> Start(const v1::Command& command);
  absl::Duration StepTimeout() const;
  const KillSettings& kill() const { return settings_->kill; }
  const Process* main() const { return &main_; }
  Ending AfterChain(Ending end);
  bool Patient(const Chain& chain) const { return !stopping_ && &chain != &settings_->reload; }
  ShortageQueue& shortages();

  // ---- the meaning of the waits ----
  Ending BeginStart();
  // The main process of that ExecStart=, and what is waited for then.
  Ending BeginMain(size_t index);
  Ending BeginMainEnd();
  Ending BeginLeave(Process left);
  Ending BeginReload();
  Ending BeginDelay();
  absl::Status LaunchMain(size_t index);
  Ending FindMain();
  void OnMain(const Event& event);
  void OnMainEnded(const ProcessEnd& end);
  Ending EndOfStart(const ProcessEnd& end);
  void OnGroupEmpty();
  // The delay of a restart is over, or nobody waits for it: OK, or why it comes to nothing.
  absl::Status OnDelay(Cause cause);
  bool WantsRestart() const;
  void CleanUp(bool comes_back);

  // How the main process's end ends a wait for it.
  static Ending EndingFor(const ProcessEnd& end);
  Delay DelayUntil(Instant end);

  // ---- what outlives the daemon (service_memory.cc) ----
  void RememberMore(remembered::Unit& unit) const override;
  std::optional<ActiveState> RecallMore(const remembered::Unit& unit) override;
  Ending ResumeWait(ServiceState state, const remembered::Unit& unit);
  Ending ResumeReload(const remembered::Unit& unit);
  Ending ResumeStart(const remembered::Unit& unit);
  void ResumeInstance();
  // The main process has ended, and nobody knows how.
  const ProcessEnd& LoseMain();
  // That of the main process; null: it is not ours.
  const v1::Command* MainCommand() const;

  // ---- what processes get (service_launch.cc) ----
  absl::Status AddDescriptors(LaunchPlan& plan);
  absl::Status AddStdio(LaunchPlan& plan) const;
  std::vector<SocketUnit*> Sockets() const;
  void AddRunVariables(Variables& variables) const;
  void AddEndVariables(Variables& variables) const;

  // ---- what they say (service_notify.cc) ----
  bool Believes(const Peer& sender) const;
  void OnReady(const NotifyMessage& message);
  void OnReloading(const NotifyMessage& message);
  void OnStopping();
  Ending Leave();
  void OnMainPid(int pid);
  void OnStore(const NotifyMessage& message, std::vector<Fd>& fds);
  // Nobody is to get back what is in the store.
  bool IsStoreOver() const;

  absl::Status AskStart(const Cause& cause);
  absl::Status AskReload(const Cause& cause);

  std::shared_ptr<const ServiceSettings> settings_;  // of the present or last run
  Run run_;
  Process main_;
  std::optional<ProcessEnd> main_end_;        // of this run
  int main_pid_ = 0;                          // the last one, also after its end
  size_t start_index_ = 0;                    // which ExecStart= runs
  std::shared_ptr<ShortageQueue> shortages_;  // null until it is needed
  Wait wait_;
  bool stopping_ = false;  // the step that runs or begins leads to rest
  bool stop_asked_ = false;
  // What it said last of READY=1, RELOADING=1 and STOPPING=1 in this run.
  enum class Said : uint8_t { kNothing, kReady, kReloading, kStopping };
  Said said_ = Said::kNothing;
  bool leaves_ = false;          // the next signal step has nobody to signal: it goes by itself
  bool reloads_itself_ = false;  // RELOADING=1 came without a request
  Instant reload_asked_ = Instant::Start();
  bool reload_failed_ = false;
  uint32_t restarts_ = 0;
  RateWindow reloads_;       // that the service begins itself
  std::string disbelieved_;  // the run in which this was last said of a sender
  std::string misled_;       // ... of a MAINPID=
  std::string status_text_;
  std::string main_exit_;

  Fd connection_;
  uint64_t connection_cookie_ = 0;
  Variables connection_variables_;
  std::string connection_name_;
  SocketUnit* origin_ = nullptr;
  Sources::Hold source_;
  FdStore store_;
  uint64_t unstored_ = 0;  // descriptors of this run for which there was no room
};

}  // namespace socketd
