// The owner of all units, jobs and what they hold, and the verbs on them. Lives on the engine
// thread; other threads come in through handle(). What it does to the world it does through the
// loop's kernel. Destroying it drops every process and descriptor it holds without stopping
// anything: to stop in order, Shutdown first.
#pragma once

#include <functional>
#include <memory>

#include "server/engine/engine_handle.h"
#include "server/engine/engine_options.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"

namespace socketd {

class EngineCore;
class EngineDoor;
class EnginePorts;
class PortLender;

class Engine {
 public:
  // `loop` outlives the engine.
  Engine(EventLoop& loop, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The door for other threads; valid as long as the engine. After the engine is gone nobody may
  // use it, but every request that was posted has been answered.
  EngineHandle& handle();

  // Loads every unit that the search path names. Call once before the first turn.
  LoadReport LoadAll();
  // Goes on where the daemon before was when it ended, however it did; after LoadAll. False: there
  // was none that had done what a daemon does at its start, or nobody has kept what it knew.
  bool Recall();
  // What a daemon does at its start is done, and not to be done by the next one.
  void SayServing();
  // The daemon has stopped in order: the next one begins anew, whoever has kept what it knew.
  void SayStopped();

  // A packet that came in on the notify socket. Who sent it is found by its control group. Those of
  // its descriptors that are to be kept are taken.
  void OnNotify(Packet& packet);

  // The open ports of socket units, for the hand-over.
  PortLender& ports();

  // Stops every unit in order, then calls `done`, once. New requests are refused from here on.
  void Shutdown(const Cause& cause, std::function<void()> done);

  EngineCore& core() { return *core_; }
  const EngineCore& core() const { return *core_; }

 private:
  std::unique_ptr<EngineCore> core_;
  std::unique_ptr<EngineDoor> door_;
  std::unique_ptr<EnginePorts> ports_;
};

}  // namespace socketd
