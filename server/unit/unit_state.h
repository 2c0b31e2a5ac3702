// States and results of every type of unit, and their public names: those that systemd's operators
// know. The machines over these states are the engine's (engine/socket_machine.h).
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace socketd {

enum class SocketState : uint8_t {
  kDead,
  kStartPre,
  kStartOpen,
  kStartPost,
  kListening,
  kRunning,
  kDeferred,  // the service's start would stop something, and waits for its end
  kCooling,   // more came than a limit allows; listens again by itself
  kPaused,    // an operator said so; who comes is queued
  kStopPre,
  kStopTerm,
  kStopKill,
  kStopPost,
  kFinalTerm,
  kFinalKill,
  kFailed,
  kNever,  // no such move; never a state
};

enum class ServiceState : uint8_t {
  kDead,
  kStartPre,
  kStart,
  kStartPost,
  kRunning,
  kExited,
  kReload,
  kStop,
  kStopTerm,
  kStopKill,
  kStopPost,
  kFinalTerm,
  kFinalKill,
  kAutoRestart,
  kFailed,
  kNever,
};

enum class TargetState : uint8_t { kDead, kActive, kNever };

// Numbered as socketd.v1.ActiveState.
enum class ActiveState : uint8_t {
  kInactive = 1,
  kActivating,
  kActive,
  kReloading,
  kDeactivating,
  kFailed,
};

// Numbered as socketd.v1.LoadState.
enum class LoadState : uint8_t { kLoaded = 1, kNotFound, kBadSetting, kError, kMasked };

// Numbered as socketd.v1.Result. The first failure of a run wins.
enum class Result : uint8_t {
  kSuccess = 1,
  kResources,
  kTimeout,
  kExitCode,
  kSignal,
  kCoreDump,
  kStartLimitHit,
  kTriggerLimitHit,
  kServiceStartLimitHit,
  kProtocol,
};

// "start-pre", "listening", "stop-pre-sigterm", ...
absl::string_view NameOf(SocketState state);
absl::string_view NameOf(ServiceState state);
absl::string_view NameOf(TargetState state);
// "active", "deactivating", ...
absl::string_view NameOf(ActiveState state);
absl::string_view NameOf(LoadState state);
// "exit-code", "core-dump", ...
absl::string_view NameOf(Result result);

constexpr bool AtRest(ActiveState state) {
  return state == ActiveState::kInactive || state == ActiveState::kFailed;
}

ActiveState ActiveStateOf(SocketState state);
ActiveState ActiveStateOf(ServiceState state);
ActiveState ActiveStateOf(TargetState state);

}  // namespace socketd
