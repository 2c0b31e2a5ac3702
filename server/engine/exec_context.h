// What the processes of a unit get, resolved from its definition once and shared by all its runs:
// the kernel floor's ExecContext, the fixed part of the environment, and how processes are ended.
// Immutable values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/kernel/types.h"
#include "server/unit/environment.h"
#include "server/unit/specifiers.h"

namespace socketd {

namespace v1 {
class Command;
class ExecSpec;
class KillSpec;
}  // namespace v1

// The command lines of one Exec* directive, in file order; they live in the definition.
using Chain = std::vector<const v1::Command*>;

enum class KillMode : uint8_t { kControlGroup, kMixed, kProcessGroup, kProcess, kNone };

absl::string_view NameOf(KillMode mode);

struct KillSettings {
  KillMode mode = KillMode::kControlGroup;
  int signal = 15;           // SIGTERM
  bool send_sigkill = true;  // after the time-out
};

// RuntimeDirectoryPreserve=: whether they stay when a unit comes to rest.
enum class Preserve : uint8_t { kNo, kRestart, kYes };

struct ExecSettings {
  struct File {
    std::string path;
    bool optional = false;
  };
  std::shared_ptr<const ExecContext> context;
  Environment environment;  // without EnvironmentFile= and what belongs to one run
  std::vector<File> environment_files;
  std::vector<std::string> runtime_directories;  // full paths; one comes before those in it
  Preserve preserve = Preserve::kNo;             // of the runtime directories
  bool wants_log = false;
  bool wants_socket = false;  // a standard stream is the connection or the listening socket
};

// What surrounds every unit alike.
struct ExecSurroundings {
  const Surroundings* surroundings = nullptr;
  absl::Span<const std::string> environment;  // the daemon's own, "NAME=value"
};

ExecSettings MakeExecSettings(const v1::ExecSpec& spec, const ExecSurroundings& around);
KillSettings MakeKillSettings(const v1::KillSpec& spec);

}  // namespace socketd
