// What to do next about a unit that is not well. Plain function; any thread.
#pragma once

#include <string>

namespace socketd::v1 {
class Unit;
}

namespace socketd::cli {

// One sentence with the command to type; empty if there is nothing to do.
std::string HintFor(const v1::Unit& unit);

}  // namespace socketd::cli
