// The daemon's command line and the defaults that depend on who runs it. This is the one place that
// sees the command-line library.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/base/log.h"
#include "server/kernel/types.h"

namespace socketd {

struct DaemonOptions {
  std::vector<std::string> unit_paths;  // earlier ones win; the last or a middle one is create_path
  std::string create_path;              // where units made by RPC are kept
  std::string state_dir;
  std::string runtime_dir;
  std::vector<ListenSpec> listen;
  Level log_level = Level::kInfo;
  bool keep = true;  // under a keeper that starts the next daemon (server/keeper)
  // Only tell whether this program could take the place of the one that asks (server/keeper).
  bool check_take_over = false;
  std::vector<std::string> start;  // units to start first; empty: what the targets want
};

// What the defaults depend on.
struct Invocation {
  bool is_root = false;
  std::function<std::string(const char* name)> variable;  // of the environment; "" if unset
};

struct OptionsOrExit {
  std::optional<int> exit_code;  // set: there is nothing more to do
  DaemonOptions options;
};

// Prints help, version and complaints itself. Exit codes: 0 after help and version, 2 for misuse.
OptionsOrExit ReadOptions(int argc, const char* const* argv, const Invocation& invocation);

}  // namespace socketd
