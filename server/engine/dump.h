// A unit as text, for people who look for what is wrong: "Key: value" lines in a fixed order, the
// general ones first, then those of the unit's type. Engine thread only.
#pragma once

#include <string>

#include "server/engine/unit.h"
#include "server/unit/snapshot.h"

namespace socketd {

std::string DumpText(const Unit& unit, const UnitSnapshot& snapshot);

}  // namespace socketd
