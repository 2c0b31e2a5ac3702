// socketd: sockets that are waited at, services that wake. See server/README.md for the map.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/main/daemon.h"
#include "server/main/options.h"

int main(int argc, char** argv) {
  const socketd::Invocation invocation{geteuid() == 0, [](const char* name) {
                                         const char* value = std::getenv(name);
                                         return std::string(value == nullptr ? "" : value);
                                       }};
  const socketd::OptionsOrExit line = socketd::ReadOptions(argc, argv, invocation);
  if (line.exit_code.has_value()) return *line.exit_code;
  const absl::StatusOr<std::unique_ptr<socketd::Daemon>> daemon =
      socketd::Daemon::Start(line.options, invocation);
  if (!daemon.ok()) {
    std::fprintf(stderr, "socketd: %s\n", std::string(daemon.status().message()).c_str());
    return EXIT_FAILURE;
  }
  (*daemon)->Run();
  return EXIT_SUCCESS;
}
