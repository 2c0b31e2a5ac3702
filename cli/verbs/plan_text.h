// A plan as a diff, for people. Pure.
#pragma once

#include <string>

#include "socketd/v1/plan.pb.h"

namespace socketd::cli {

// The units of a plan, a line each.
std::string NamesOf(const v1::Plan& plan);

// `restarts` is how the services to be restarted are announced.
std::string PlanText(const v1::Plan& plan, const std::string& restarts, bool colour);

}  // namespace socketd::cli
