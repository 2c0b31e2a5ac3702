// What a new definition of a unit comes to: which directives change, what becomes of open ports,
// whether a running service has to be restarted. Pure; PlanUnits shows it, ApplyUnits does it.
#pragma once

#include "server/engine/definition.h"
#include "server/unit/change_plan.h"

namespace socketd {

// A unit before the change.
struct PlanSubject {
  const Definition* definition = nullptr;  // never null; of a unit that is not there: not-found
  const SocketSettings* ports = nullptr;   // that its open ports have; null: none are open
  bool runs = false;                       // a service that has processes
};

UnitChange PlanUnit(const PlanSubject& before, const Definition& after);

// A service that runs goes on as it was until it is restarted.
bool NeedsRestart(const PlanSubject& before, const Definition& after);

}  // namespace socketd
