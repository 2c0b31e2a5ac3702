// What a unit's conditions and assertions say when it is to be started. Engine thread only.
#pragma once

#include <memory>

#include "server/engine/definition.h"
#include "server/engine/unit_host.h"
#include "server/unit/snapshot.h"

namespace socketd {

bool HasConditions(const Definition& definition);

// Looks at all of them now; null if there are none.
std::shared_ptr<const StartCheck> LookWhetherToStart(const Definition& definition, UnitHost& host);

}  // namespace socketd
