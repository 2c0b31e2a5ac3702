// What unit files may refer to by specifiers: the machine, the system and the daemon's own user.
// Gathered once, at start.
#pragma once

#include <string>

#include "server/unit/specifiers.h"

namespace socketd {

// `runtime_dir` and `state_dir` are the daemon's own: of an ordinary user's, the folders that they
// are in become %t and %S; root's are those of the system.
Surroundings GatherSurroundings(const std::string& runtime_dir, const std::string& state_dir);

}  // namespace socketd
