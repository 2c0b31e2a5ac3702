// A unit for people who look for what is wrong: "Key: value" lines in a fixed order, the general
// ones first, then those of the unit's type; and the same as pairs. Engine thread only.
#pragma once

#include "server/engine/engine_handle.h"
#include "server/engine/unit.h"

namespace socketd {

DumpReport Dump(const Unit& unit);

}  // namespace socketd
