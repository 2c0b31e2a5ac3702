// socketd: sockets that are waited at, services that wake. See server/README.md for the map.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/log.h"
#include "server/keeper/life.h"
#include "server/main/daemon.h"
#include "server/main/ground.h"
#include "server/main/options.h"

namespace {

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "socketd: %s\n", std::string(status.message()).c_str());
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  const socketd::Invocation invocation{geteuid() == 0, [](const char* name) {
                                         const char* value = std::getenv(name);
                                         return std::string(value == nullptr ? "" : value);
                                       }};
  const socketd::OptionsOrExit line = socketd::ReadOptions(argc, argv, invocation);
  if (line.exit_code.has_value()) return *line.exit_code;
  absl::StatusOr<socketd::Ground> ground = socketd::Ground::Lay(line.options);
  if (!ground.ok()) return Complain(ground.status());
  const socketd::Life life = ground->Keep();
  const absl::StatusOr<std::unique_ptr<socketd::Daemon>> daemon =
      socketd::Daemon::Start({line.options, invocation, *ground, life});
  if (!daemon.ok() && life.number > 1) {
    socketd::StopLog();
    _exit(Complain(daemon.status()));
  }
  if (!daemon.ok()) return Complain(daemon.status());
  (*daemon)->Run();
  return EXIT_SUCCESS;
}
