// Plans of changes as messages of the API.
#pragma once

#include "server/unit/change_plan.h"

namespace socketd {

namespace v1 {
class Plan;
}

void Convert(const ChangePlan& plan, v1::Plan& message);

}  // namespace socketd
