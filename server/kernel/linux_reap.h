// How processes ended, in the words of the kernel floor.
#pragma once

#include "server/kernel/types.h"

namespace socketd {

// What waitid(2) says: si_code and si_status.
Exit ExitOf(int code, int status);

}  // namespace socketd
