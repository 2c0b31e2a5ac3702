// The door into the engine for other threads. Reads (board, history) answer at once from shared
// immutable values; verbs are posted to the engine thread and answered there. The API wing sees
// nothing else of the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/engine/history.h"
#include "server/unit/change_plan.h"
#include "server/unit/snapshot.h"

namespace socketd {

// Called exactly once, on the engine thread; must not block. A verb whose engine goes away is
// answered with UNAVAILABLE (SHUTTING_DOWN). Only what cannot even be posted (MAILBOX_FULL,
// SHUTTING_DOWN) is answered at once, on the caller's thread.
template <typename T>
using Answer = std::function<void(absl::StatusOr<T>)>;

enum class JobKind : uint8_t { kStart, kStop, kRestart, kTryRestart, kReload };
enum class JobMode : uint8_t { kReplace, kFail, kIgnoreDependencies };

struct JobRequest {
  std::string unit;  // a bare name: "web.socket"
  JobKind kind = JobKind::kStart;
  JobMode mode = JobMode::kReplace;
  bool no_wait = false;   // answer when queued
  std::string requester;  // "uid 0"; becomes the cause's detail
  // A stop: of the service, or the instances, that a socket starts too; of the sockets that start a
  // service too.
  bool with_service = false;
  bool with_sockets = false;
};

// A socket unit that is to leave its traffic alone, or to take it up again. No job: it holds at
// once.
struct PauseRequest {
  std::string unit;
  bool resume = false;
  std::string requester;
};

struct JobReport {
  UnitSnapshotPtr unit;
  std::vector<std::string> warnings;
};

// A unit to be made, changed or deleted.
struct UnitSource {
  std::string unit;
  std::string text;  // of its file, found to hold together
  std::string etag;  // update and delete: empty, or the one that is expected
  bool validate_only = false;
  bool remove = false;  // there is to be none; only where units are changed together
  std::string requester;
};

// Units to be changed together.
struct ApplyRequest {
  std::vector<UnitSource> units;
  int64_t expected_revision = 0;  // of a plan; 0: any
  bool restart = false;           // the services that the plan names
  std::string requester;
};

struct ApplyReport {
  ChangePlan plan;
  std::vector<std::string> warnings;
};

struct DumpReport {
  std::string text;
  std::vector<std::pair<std::string, std::string>> properties;  // the text's lines: key and value
  UnitSnapshotPtr unit;
};

struct LoadReport {
  int loaded = 0;
  std::vector<std::string> problems;
};

class EngineHandle {
 public:
  virtual ~EngineHandle() = default;

  // ---- any thread, no hop ----
  virtual BoardPtr board() const = 0;
  virtual const History& history() const = 0;

  // ---- any thread, answered on the engine thread ----
  virtual void Submit(JobRequest request, Answer<JobReport> answer) = 0;
  virtual void Pause(PauseRequest request, Answer<UnitSnapshotPtr> answer) = 0;
  virtual void Create(UnitSource source, Answer<UnitSnapshotPtr> answer) = 0;
  virtual void Update(UnitSource source, Answer<UnitSnapshotPtr> answer) = 0;
  // Answers with the revision of the deletion.
  virtual void Delete(UnitSource source, Answer<int64_t> answer) = 0;
  // What a change would come to; nothing is changed.
  virtual void PlanUnits(ApplyRequest request, Answer<ChangePlan> answer) = 0;
  // The same, done; with `restart` answers when the services are up again.
  virtual void ApplyUnits(ApplyRequest request, Answer<ApplyReport> answer) = 0;
  // Empty: all units. Answers with the names that were reset.
  virtual void ResetFailed(std::vector<std::string> units,
                           Answer<std::vector<std::string>> answer) = 0;
  // Closes the descriptors that a service at rest has left with us.
  virtual void CleanStore(std::string unit, Answer<UnitSnapshotPtr> answer) = 0;
  // A unit as the board has it, after a look whether its files have changed since they were read.
  virtual void Look(std::string unit, Answer<UnitSnapshotPtr> answer) = 0;
  virtual void Dump(std::string unit, Answer<DumpReport> answer) = 0;
  virtual void Load(std::string requester, Answer<LoadReport> answer) = 0;

  // Any thread. `published` is called on the engine thread at the end of each turn that appended
  // changes, from the next turn on; it must only wake somebody. Fails as a verb that cannot be
  // posted.
  virtual absl::Status OnPublished(std::function<void()> published) = 0;
};

}  // namespace socketd
