// What the daemon starts by itself: the units that were named, or what the folders
// sockets.target.wants, sockets.target.requires, default.target.wants and default.target.requires
// of the unit path hold, as links or files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/engine/engine_handle.h"
#include "server/unit/unit_loader.h"

namespace socketd {

// Sorted, each once; names that are none are left out.
std::vector<std::string> WantedAtBoot(UnitFiles& files, const std::vector<std::string>& unit_paths);

// Asks the engine to start them. `done` is called, on the engine thread, when the sockets among
// them are up or have failed: services may take minutes, and connections wait for them anyway.
// Failures are logged.
void StartUnits(EngineHandle& engine,
                const std::vector<std::string>& units,
                std::function<void()> done);

}  // namespace socketd
