// What the engine is told when it is made: where definitions come from, what surrounds it, and its
// bounds. Values only; read once, on the engine thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/unit/specifiers.h"
#include "server/unit/unit_loader.h"

namespace socketd {

struct EngineOptions {
  // The files that definitions are read from; outlives the engine.
  UnitFiles* files = nullptr;
  // Folders that are searched; earlier ones win.
  std::vector<std::string> unit_paths;
  // Run-time and state folders are made below surroundings.runtime_directory and state_directory.
  Surroundings surroundings;
  // Where CreateUnit and UpdateUnit keep files; one of unit_paths. Empty: they are refused.
  std::string create_path;
  // The address of the notify socket, as NOTIFY_SOCKET is to say it. Empty: services get none.
  std::string notify_path;
  // The daemon's own variables, "NAME=value": services get PATH and LANG of them, and what
  // PassEnvironment= names.
  std::vector<std::string> environment;

  // What listened before the daemon was killed is paused now, until an operator resumes it.
  bool hold = false;

  // Changes that a watcher may lag behind; about 200 bytes each.
  size_t history_capacity = 16384;
  // Bytes that the engine may remember beyond the daemon's end; only what is used counts. About 500
  // a unit and 150 a change.
  size_t memory_size = size_t{256} << 20;
  // Units at once, instances included: bounds memory, not performance.
  size_t unit_limit = 65536;
};

}  // namespace socketd
