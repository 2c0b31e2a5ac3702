// socketd: sockets that are waited at, services that wake. See server/README.md for the map.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "server/base/log.h"
#include "server/keeper/life.h"
#include "server/keeper/origin.h"
#include "server/main/daemon.h"
#include "server/main/ground.h"
#include "server/main/handed.h"
#include "server/main/options.h"
#include "server/main/take_over.h"

namespace {

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "socketd: %s\n", std::string(status.message()).c_str());
  return EXIT_FAILURE;
}

// Of a program that was to take over, and cannot: the one before does it again, if it can.
int GiveUp(const socketd::Origin& origin, const absl::Status& status) {
  if (origin.taken_over()) socketd::GiveBack(origin, std::string(status.message()));
  return Complain(status);
}

}  // namespace

int main(int argc, char** argv) {
  const socketd::Invocation invocation{geteuid() == 0, [](const char* name) {
                                         const char* value = std::getenv(name);
                                         return std::string(value == nullptr ? "" : value);
                                       }};
  const socketd::Origin origin = socketd::FindOrigin();
  const socketd::OptionsOrExit line = socketd::ReadOptions(argc, argv, invocation);
  if (line.exit_code.has_value()) {
    if (origin.taken_over())
      socketd::GiveBack(origin, "the new program does not take this command line");
    return *line.exit_code;
  }
  if (line.options.check_take_over) return socketd::CheckTakeOver(origin);
  if (origin.refused != nullptr) return Complain(absl::FailedPreconditionError(origin.refused));
  // A program that was to be tried only.
  if (origin.taken_over() && origin.baton->phase == socketd::Baton::kHome)
    return Complain(absl::FailedPreconditionError("there is nothing to take over yet"));
  if (origin.taken_over() && !line.options.keep)
    return GiveUp(origin, absl::FailedPreconditionError("the new program has no keeper"));
  socketd::Handed handed;
  if (!origin.taken_over()) handed = socketd::TakeHanded();
  absl::StatusOr<socketd::Ground> ground =
      socketd::Ground::Lay(line.options, origin, std::move(handed));
  if (!ground.ok()) return GiveUp(origin, ground.status());
  const socketd::Life life = ground->Keep(argv);
  const absl::StatusOr<std::unique_ptr<socketd::Daemon>> daemon =
      socketd::Daemon::Start({line.options, invocation, *ground, life});
  if (!daemon.ok() && life.number > 1) {
    socketd::StopLog();
    _exit(Complain(daemon.status()));
  }
  if (!daemon.ok()) return Complain(daemon.status());
  return (*daemon)->Run() ? EXIT_SUCCESS : EXIT_FAILURE;
}
