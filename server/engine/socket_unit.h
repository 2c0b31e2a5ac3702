// A socket unit: what each wait of the socket machine means. It owns the ports, starts its service
// when somebody comes, and with Accept= hands each connection to an instance of its own. Owned by
// the engine; engine thread only.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "absl/status/status.h"

#include "server/engine/back_off.h"
#include "server/engine/exec_memory.h"
#include "server/engine/port_lender.h"
#include "server/engine/ports.h"
#include "server/engine/run.h"
#include "server/engine/socket_machine.h"
#include "server/engine/sources.h"
#include "server/engine/spot_check.h"
#include "server/engine/unit.h"
#include "server/engine/waits.h"

namespace socketd {

constexpr bool IsLastSignal(SocketAwait wait) {
  return wait == SocketAwait::kSigkill;
}

class SocketUnit final : public Unit, public ExecMemory<SocketUnit, SocketRow, kSocketMachine> {
 public:
  SocketUnit(UnitHost& host, UnitName name, DefinitionPtr definition);

  absl::Status Ask(Verb verb, const Cause& cause) override;
  void OnOther(Unit& other) override;
  void OnEvent(const Event& event) override;
  void Show(UnitSnapshot& snapshot) const override;
  Vitals vitals() const override;
  void Resume(const remembered::Unit& unit) override;

  // The unit that traffic starts: the service, or with Accept= the template's name.
  UnitName service_name() const;
  bool accepts() const;
  // Descriptors to lend to a service, in file order, and the names they go by.
  LentPorts Lend() const;
  // What the connection that is accepted now goes by.
  const std::string& connection_name() const { return connection_name_; }
  // What its ports were opened with; null unless the unit is active.
  const SocketSettings* open_settings() const {
    return active_state() == ActiveState::kActive ? settings_.get() : nullptr;
  }

  // ---- while it is active (socket_change.cc) ----

  // Opens what the new ports have and the old ones have not; nothing else happens until Commit or
  // Abandon. After a failure all is as it was.
  absl::Status PrepareChange(const std::shared_ptr<const SocketSettings>& to);
  void CommitChange();
  void AbandonChange();

  // True if one of its ports keeps `spec` from being opened.
  bool Holds(const ListenSpec& spec) const;
  // The user that SocketUser= names; known once the ports were opened. None with Accept=: we accept
  // from these ports, and whoever shares them could make that wait.
  std::optional<uint32_t> port_user() const {
    return settings_ != nullptr && settings_->accept ? std::nullopt : ports_.owner().uid;
  }

  // Where its commands and its instances wait for what the machine is short of.
  ShortageQueue& shortages() { return *shortages_; }
  // The number of the next instance, and the count of those that live.
  uint64_t NextInstance() { return ++instances_; }
  uint64_t instances_begun() const { return instances_; }
  uint32_t connections() const { return connections_; }
  void OnInstanceMade() { ++connections_; }
  // Counts a connection for MaxConnectionsPerSource=, as long as its instance keeps this.
  Sources::Hold HoldSource(const Connection& connection);
  Sources::Hold HoldSource(const std::string& source);
  void OnInstanceFailed(const Unit& instance);
  void OnInstanceSkipped(const Unit& instance);
  void OnInstanceGone();
  // While deferred: what was in the way may be gone.
  void Retry();

 private:
  friend class Walk<SocketUnit, SocketRow, kSocketMachine>;
  friend class ExecWalk<SocketUnit, SocketRow, kSocketMachine>;
  friend class ExecMemory<SocketUnit, SocketRow, kSocketMachine>;

  using Wait = std::variant<std::monostate,
                            RunningCommand,
                            PendingSignal,
                            Shortage,
                            Traffic,
                            ServiceEnd,
                            Deferral,
                            Opening,
                            Delay>;

  // ---- for the walk ----
  Ending Begin(SocketState next);
  void Mark(const Ending& ending) { Note(ending); }
  bool marked() const { return failed(); }
  void OnMoved(SocketState from, SocketState to);
  absl::StatusOr<Process> Start(const v1::Command& command);
  absl::Duration StepTimeout() const { return settings_->timeout; }
  const KillSettings& kill() const { return settings_->kill; }
  static const Process* main() { return nullptr; }
  static Ending AfterChain(Ending end) { return end; }
  bool Patient(const Chain& chain) const {
    return &chain == &settings_->start_pre || &chain == &settings_->start_post;
  }

  std::string NameAt(size_t listener) const;
  void LendTo(LaunchPlan& plan) const;
  // A failure to open names the unit that has the address.
  absl::Status NameHolder(absl::Status status, const SocketSettings::Listener& listener) const;

  // ---- the meaning of the waits ----
  Ending BeginOpening();
  Ending OpenPorts(const Owner& owner, absl::Span<const uint32_t> before = {});
  Ending BeginTraffic();
  Ending BeginServiceEnd();
  Ending BeginCoolDown();
  // Takes a start job for the service as DeferTrigger= says.
  Ending QueueStart(Unit& other);
  void ClosePorts();
  void OnLookedUp(Token token);
  void OnTraffic(const Fd& port, const Event& event);
  // Whether the poll or the trigger limit lets no more through at this port. It counts as a hit,
  // with what follows from it, if `somebody_waits`.
  bool AtLimit(size_t index, bool somebody_waits);
  void Count(size_t index);
  // More came to a port than the poll limit allows.
  void Rest(size_t index);
  // More came than the trigger limit allows.
  Ending HitTriggerLimit();
  // What leads to `cooling`, for that reason.
  Ending CoolDown(Cause why);
  // Whether what waits has waited for a service that ended without taking it.
  bool Suspicious();
  // What the end of the service means, which is at rest without a job.
  Ending EndOfService(const Unit& other);
  absl::Status Watch();
  void WatchAgain();
  void LookForMissing();

  // ---- with Accept= (socket_accept.cc) ----
  void AcceptSome(const Fd& port);
  void OnNoConnection(const absl::Status& why);
  uint64_t* LimitOf(const Connection& connection);
  // Pending: go on accepting.
  Ending Admit(Connection connection);
  void PauseAccepting();

  // ---- what outlives the daemon (socket_memory.cc) ----
  void RememberMore(remembered::Unit& unit) const override;
  std::optional<ActiveState> RecallMore(const remembered::Unit& unit) override;
  Ending ResumeWait(SocketState state, const remembered::Unit& unit);
  Ending ResumeServiceEnd();
  void AdmitLost();

  absl::Status AskStart(const Cause& cause);
  absl::Status AskPause(const Cause& cause);
  absl::Status AskResume(const Cause& cause);
  absl::Status NotActive() const;
  absl::Status CheckService();
  Unit* service() const;
  const SocketSettings* current() const;
  SocketSnapshot ShowSocket() const;
  // What waits for the next start.
  void ShowPending(UnitSnapshot& snapshot) const;

  std::shared_ptr<const SocketSettings> settings_;  // of the present or last run
  PortSet ports_;
  Run run_;
  std::shared_ptr<ShortageQueue> shortages_;
  Wait wait_;
  RateWindow triggers_;
  BackOff back_off_{absl::Seconds(1), absl::Seconds(60)};
  absl::Duration cooling_;                 // how long the unit cools down next
  uint64_t refused_starts_ = 0;            // of the service, when the wait began
  uint64_t skipped_starts_ = 0;            // the same
  std::optional<std::string> run_before_;  // the service's last run then; none: it was running
  Instant back_since_;                     // when the unit last began to listen again
  Timer look_for_missing_;
  BackOff missing_back_off_{absl::Seconds(1), absl::Seconds(30)};
  SpotCheck look_at_queue_;
  std::vector<uint64_t> waited_;  // at the ports when the service was started; empty: not looked
  std::string connection_name_;
  uint32_t connections_ = 0;
  Sources sources_;
  uint64_t instances_ = 0;
  bool short_ = false;  // nothing could be accepted when it was last tried
  SocketCounters counters_;
  std::string skipped_detail_;
  std::shared_ptr<const std::vector<InstanceFailure>> failures_;
};

}  // namespace socketd
