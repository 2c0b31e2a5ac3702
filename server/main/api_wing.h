// The gRPC wing as the roof has it: its doors, and the server behind them. The doors listen from
// the first moment; the server takes some milliseconds to start and does so on a thread of its
// own, so that no unit waits for it, and whoever has come meanwhile is let in then. Engine thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/api/api_server.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"
#include "server/main/api_door.h"
#include "server/main/visitors.h"

namespace socketd {

class ApiWing {
 public:
  // Both outlive the wing.
  ApiWing(EventLoop& loop, EngineHandle& engine, ApiServer::Options options);
  ~ApiWing();
  ApiWing(const ApiWing&) = delete;
  ApiWing& operator=(const ApiWing&) = delete;

  // Listens; nobody is let in yet.
  absl::Status Listen(const std::vector<ListenSpec>& specs);
  // Starts the server and lets them in, then calls `done`; not if it is stopped before. Signals are
  // blocked before.
  void Start(std::function<void(absl::Status)> done);

  // As ApiServer has them. Stop lets nobody in any more.
  void SayAbout(About::Text about);
  void SayStopping();
  void Stop(absl::Duration grace);

 private:
  absl::Status LetIn(absl::StatusOr<std::unique_ptr<ApiServer>> server);

  EventLoop& loop_;
  EngineHandle& engine_;
  const ApiServer::Options options_;
  Visitors visitors_;
  std::vector<std::unique_ptr<ApiDoor>> doors_;
  std::thread starter_;
  std::unique_ptr<ApiServer> server_;  // none yet, or never
  // For a server that is not there yet.
  About::Text news_;
  bool stopping_ = false;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  // gone: it was stopped
};

}  // namespace socketd
