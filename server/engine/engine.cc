#include "server/engine/engine.h"

#include <utility>

#include "server/engine/engine_core.h"
#include "server/engine/engine_door.h"
#include "server/engine/engine_ports.h"

namespace socketd {

Engine::Engine(EventLoop& loop, EngineOptions options)
    : core_(std::make_unique<EngineCore>(loop, std::move(options))),
      door_(std::make_unique<EngineDoor>(loop, *core_)),
      ports_(std::make_unique<EnginePorts>(*core_)) {}

Engine::~Engine() {
  door_->Close();
}

EngineHandle& Engine::handle() {
  return *door_;
}

PortLender& Engine::ports() {
  return *ports_;
}

LoadReport Engine::LoadAll() {
  return core_->LoadAll(nullptr);
}

bool Engine::Recall() {
  return core_->Recall();
}

void Engine::SayServing() {
  core_->SayServing();
}

void Engine::SayStopped() {
  core_->SayStopped();
}

void Engine::OnNotify(Packet& packet) {
  core_->OnNotify(packet);
}

void Engine::Shutdown(const Cause& cause, std::function<void()> done) {
  core_->Shutdown(cause, std::move(done));
}

}  // namespace socketd
