// What a unit may ask of the engine that owns it. An interface so that units know neither the
// engine nor each other's owners. Engine thread only.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/engine/engine_options.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"
#include "server/unit/change.h"
#include "server/unit/unit_name.h"

namespace socketd {

class Unit;
class SocketUnit;
enum class Work : uint8_t;

class UnitHost {
 public:
  virtual EventLoop& loop() = 0;
  virtual const EngineOptions& options() const = 0;

  // `unit` has moved: keeps and numbers the change, tells who cares at the end of the turn.
  virtual int64_t OnMoved(Unit& unit, Change change) = 0;
  // Something that others see of `unit` changed without a move.
  virtual void OnChanged(Unit& unit) = 0;
  // `unit` is about to do what is seen outside, a birth or a signal, or has just done it: should
  // the daemon end now, the next one has to know.
  virtual void OnStep(Unit& unit) = 0;
  // A process has ended: its child is kept until what that means is remembered.
  virtual void OnEnded(Child child) = 0;
  // The control group of a run of `unit` was made, or with null is gone: senders are found by it.
  virtual void OnGroup(GroupId group, Unit* unit) = 0;
  // An instance came to rest: its socket has room for one more.
  virtual void OnInstanceEnded(Unit& unit) = 0;
  // Everything is being stopped: nothing is restarted by itself any more.
  virtual bool shutting_down() const = 0;
  // Takes a job for `unit`, as a request in replace mode would.
  virtual absl::Status Queue(Unit& unit, Work work, const Cause& cause) = 0;
  // The same, but stops nothing that is up and replaces no job: JOB_CONFLICT.
  virtual absl::Status QueueLeniently(Unit& unit, Work work, const Cause& cause) = 0;
  // Whether any unit has a job.
  virtual bool has_jobs() const = 0;
  // The definition that `unit` has by now is the one that counts: its edges follow.
  virtual void OnDefinition(Unit& unit) = 0;
  // The unit of that name, loaded if need be; null if there is no room for one more.
  virtual Unit* Load(absl::string_view name) = 0;
  // OK if instances can be made of the template.
  virtual absl::Status CheckTemplate(const UnitName& name) = 0;
  // Which socket unit but `except` keeps `spec` from being opened; empty: none.
  virtual std::string HolderOf(const ListenSpec& spec, const SocketUnit& except) const = 0;
  // Whether one more unit can be made.
  virtual bool has_room() const = 0;
  // Makes the instance of the socket's template for a connection and starts it.
  virtual absl::Status StartInstance(SocketUnit& socket, Connection connection) = 0;

 protected:
  ~UnitHost() = default;
};

}  // namespace socketd
