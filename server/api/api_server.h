// The gRPC wing as a whole: the unit service, health, reflection, the outbox and the gate. It
// listens nowhere itself: the roof accepts connections, finds out who is at the other end and hands
// them over with Adopt. Owned by the roof; starts gRPC's threads, so signals are blocked before.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/api/about.h"
#include "server/api/access.h"
#include "server/base/fd.h"
#include "server/engine/engine_handle.h"

namespace grpc {
class Server;
}

namespace socketd {

class Gate;
class Outbox;
class UnitService;
class Upgrader;
class Watchers;

class ApiServer {
 public:
  struct Options {
    uint32_t daemon_uid = 0;
    // What GetServer says, but for revisions and the number of units; SayAbout changes it.
    About::Text about;
    // Outlives the server. Null: there are no upgrades, as nobody keeps the daemon.
    Upgrader* upgrader = nullptr;
  };

  // `engine` outlives the server; its answers may come after the server has gone.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(EngineHandle& engine, Options options);
  // Stop(absl::ZeroDuration()) if that has not been done.
  ~ApiServer();

  // Takes a connection; never blocks. Closed where this fails: PERMISSION_DENIED (CALLER_UNKNOWN),
  // RESOURCE_EXHAUSTED (TOO_MANY_USERS, TOO_MANY_CONNECTIONS), UNAVAILABLE (SHUTTING_DOWN).
  absl::Status Adopt(Fd connection, const Caller& caller);

  // Any thread.
  void SayAbout(About::Text about) { about_.Say(std::move(about)); }

  // Health says NOT_SERVING from here on; calls still work, so that a stop can be watched.
  void SayStopping();

  // Ends watchers with UNAVAILABLE once they have seen all; lets them and calls end by themselves
  // for at most `grace` each, then cuts the rest off. Blocks so long.
  void Stop(absl::Duration grace);

 private:
  ApiServer(EngineHandle& engine, Options options);
  absl::Status Build();

  EngineHandle& engine_;
  const Options options_;
  About about_;
  std::shared_ptr<Watchers> watchers_;
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<UnitService> service_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<size_t> adoptions_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace socketd
