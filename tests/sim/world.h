// A whole daemon in a test: an engine over the fake kernel, its unit files, a notify socket wired
// as the roof does it, and requests with their answers. After every turn the engine's invariants
// are checked, and what the fake kernel knows is compared with what the engine says
// (outside_view.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/engine/engine.h"
#include "server/engine/engine_handle.h"
#include "server/engine/invariants.h"
#include "server/handoff/notify_socket.h"
#include "server/loop/event_loop.h"
#include "server/main/kernel_files.h"
#include "server/unit/change.h"
#include "server/unit/snapshot.h"
#include "tests/sim/fake_kernel.h"

namespace socketd::sim {

inline constexpr absl::string_view kUnitPath = "/etc/socketd/units";
inline constexpr absl::string_view kLowerUnitPath = "/usr/lib/socketd/units";
inline constexpr absl::string_view kNotifyPath = "/run/socketd/notify";

// A request and what became of it.
struct Asked {
  JobKind kind = JobKind::kStart;
  std::string unit;
  bool done = false;
  absl::Status status;
  std::vector<std::string> warnings;
  // Asks once more: who was killed has not answered, and clients ask again.
  std::function<void()> again;
};

class World {
 public:
  explicit World(uint64_t seed = 0);
  // Drops the engine as it is; ShutDown before, if it is to end in order.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  FakeKernel& kernel() { return kernel_; }
  const FakeKernel& kernel() const { return kernel_; }
  EventLoop& loop() { return *loop_; }
  Engine& engine() { return *engine_; }
  bool booted() const { return engine_ != nullptr; }

  // A unit file; read when the daemon boots, or by Load().
  void AddUnit(const std::string& name, const std::string& text);
  // Programs and what they do (child_script.h); a bad script is our own mistake.
  void AddProgram(const std::string& path, absl::string_view script);

  // How many units there is room for; before Boot.
  void LimitUnits(size_t most) { most_units_ = most; }
  // The daemons that start from here on have crashed too often.
  void Hold() { hold_ = true; }
  // Starts the daemon, again and again if it is killed meanwhile.
  void Boot();
  // How often it was started.
  int boots() const { return boots_; }
  // Somebody who was not answered when the daemon was killed has asked again.
  bool repeated() const { return repeated_; }
  // Asks for a job; the answer is in asked(index).
  size_t Ask(JobRequest request);
  size_t Ask(JobKind kind, const std::string& unit, JobMode mode = JobMode::kReplace);
  const Asked& asked(size_t index) const { return *asked_.at(index); }
  const std::vector<std::shared_ptr<Asked>>& asked() const { return asked_; }
  // Asks for a unit to be made; the answer is among asked().
  void Create(const std::string& unit, const std::string& text);
  // Asks a socket to leave its traffic alone, or to take it up again; the answer is among asked().
  void Pause(const std::string& unit, bool resume);
  // Asks for units to be changed together; the answer is among asked(), as of the first unit.
  void Apply(ApplyRequest request);
  // The revision of a plan of that, made now; 0: it was refused.
  int64_t Plan(const ApplyRequest& request);
  void ResetFailed(const std::string& unit);
  // Asks for a service's stored descriptors to be closed; the answer is among asked().
  void Clean(const std::string& unit);
  // Reads the unit files again.
  void Load();
  // Asks for the unit's file to be removed; the answer is in asked().
  void Delete(const std::string& unit);

  // Turns until nothing is left to do at this instant.
  void Settle();
  // The same for all instants of the next `span`.
  void Advance(absl::Duration span);
  // Asks the engine to stop everything, and waits up to `patience` for it. False: it did not end.
  bool ShutDown(absl::Duration patience);
  // It was asked to.
  bool shutting_down() const { return shutting_down_; }
  // The engine has ended what ShutDown asked for.
  bool shut_down() const { return *shut_down_; }

  // Null if there is no such unit.
  UnitSnapshotPtr Find(absl::string_view unit) const;
  absl::string_view StateOf(absl::string_view unit) const;
  // All units.
  std::vector<UnitSnapshotPtr> units() const;
  // Every change so far, oldest first; at most what the history holds.
  const std::vector<Change>& changes() const { return changes_; }

  // What was broken, with the time of it; empty in a correct engine.
  const std::vector<std::string>& complaints() const { return complaints_; }
  void Complain(const std::string& what);
  int turns() const { return turns_; }

 private:
  std::shared_ptr<Asked> Note(const std::string& unit);
  void BootOnce();
  // The daemon was killed: all that it was is gone, and the next one goes on.
  void Reboot();
  void Bury();
  void AskToShutDown();
  void Take(Asked& asked, const absl::Status& status);
  void CheckChange(const Change& change);
  void ReadChanges();
  void AfterTurn();
  bool Busy();

  FakeKernel kernel_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<KernelFiles> files_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Invariants> invariants_;
  std::unique_ptr<NotifySocket> notify_;
  std::vector<std::shared_ptr<Asked>> asked_;
  std::vector<Change> changes_;
  std::vector<std::string> complaints_;
  size_t problems_seen_ = 0;
  size_t most_units_ = 0;  // 0: as many as the engine has room for
  int turns_ = 0;
  int boots_ = 0;
  bool hold_ = false;
  bool repeated_ = false;
  bool shutting_down_ = false;
  std::map<std::string, std::string> seen_;  // where each unit's last change led
  std::shared_ptr<bool> shut_down_ = std::make_shared<bool>(false);
};

// The units that a change of the engine made between two looks, for people.
std::string ToText(const Change& change);

}  // namespace socketd::sim
