// socketctl: what drives socketd from outside. Only the real surroundings are here.
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "absl/time/clock.h"

#include "cli/run.h"

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

void Pause(absl::Duration span) {
  poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(span)));
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC writes its own complaints to standard error; socketctl says what is wrong itself.
  setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe): no thread runs yet
  socketd::cli::Surroundings around{.in = std::cin,
                                    .out = std::cout,
                                    .err = std::cerr,
                                    .colour = isatty(STDOUT_FILENO) == 1,
                                    .zone = absl::LocalTimeZone(),
                                    .now = absl::Now,
                                    .pause = Pause,
                                    .variable = Variable};
  return static_cast<int>(socketd::cli::RunSocketctl({argv + 1, argv + argc}, around));
}
