// What --check-take-over does: tells whether this program could go on where the one that runs it
// stands, and ends. Nothing is changed.
#pragma once

#include "server/keeper/origin.h"

namespace socketd {

// One line on standard output, "socketd VERSION ..." and 0, or why not on standard error and 1.
int CheckTakeOver(const Origin& origin);

}  // namespace socketd
