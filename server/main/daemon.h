// The daemon, wired from top to bottom: kernel, loop, engine, the local wing, the gRPC wing, its
// doors. No logic of its own but the order of start and stop. Made and run on one thread, which is
// the engine thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/keeper/life.h"
#include "server/main/ground.h"
#include "server/main/options.h"

namespace socketd {

struct DaemonStart {
  const DaemonOptions& options;
  const Invocation& invocation;
  const Ground& ground;
  Life life;
};

class Daemon {
 public:
  // Blocks signals and starts threads: comes first. Failures say what to do about them; after one
  // in a later life nothing of the daemon's may be closed: the process has to end at once.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const DaemonStart& start);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until SIGTERM or SIGINT has stopped all units; a second one does not wait for them. False: it
  // was stopped because its API could not start.
  bool Run();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);

  absl::Status Build(const DaemonOptions& options);
  absl::Status OpenDoors(const DaemonOptions& options);
  void OnApi(const absl::Status& started);
  // What it has taken over is open in its keeper's table as well, for the next one.
  [[noreturn]] static void EndNow();
  void OnSignal(int number);
  void Reload();
  void Stop(const std::string& why);

  std::unique_ptr<Parts> parts_;
};

}  // namespace socketd
