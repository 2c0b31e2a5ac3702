// From arguments to a verb and its options. The only file pair that knows CLI11. Any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/options.h"
#include "cli/verb.h"

namespace socketd::cli {

struct Invocation {
  const Verb* verb = nullptr;  // of the table; never null on success
  Options options;
};

// Reads the arguments (without the program's name). No verb means list. INVALID_ARGUMENT says what
// is wrong and where help is. The number of operands is not checked if help is asked for.
absl::StatusOr<Invocation> ReadCommandLine(const VerbTable& table,
                                           const std::vector<std::string>& arguments);

}  // namespace socketd::cli
