// What the fake kernel knows, compared with what the engine says about itself. The engine's own
// invariants (server/engine/invariants.h) are the World's to ask, after every turn.
#pragma once

#include <string>
#include <vector>

namespace socketd::sim {

class World;

// When nothing is left to do at this instant.
std::vector<std::string> LookAtRest(World& world);

// When everything was stopped: no process, descriptor, group or timer may be left.
std::vector<std::string> LookAtTheEnd(World& world);

}  // namespace socketd::sim
