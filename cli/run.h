// The whole program without its main: from arguments to exit status. Main thread.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/session.h"

namespace socketd::cli {

// Answers go to around.out, everything else to around.err. A failed write to `out` is a failure.
ExitCode RunSocketctl(const std::vector<std::string>& arguments, Surroundings& around);

}  // namespace socketd::cli
