#include "server/unit/unit_state.h"

namespace socketd {

absl::string_view NameOf(SocketState state) {
  switch (state) {
    case SocketState::kDead:
      return "dead";
    case SocketState::kStartPre:
      return "start-pre";
    case SocketState::kStartOpen:
      return "start-open";
    case SocketState::kStartPost:
      return "start-post";
    case SocketState::kListening:
      return "listening";
    case SocketState::kRunning:
      return "running";
    case SocketState::kDeferred:
      return "deferred";
    case SocketState::kCooling:
      return "cooling";
    case SocketState::kPaused:
      return "paused";
    case SocketState::kStopPre:
      return "stop-pre";
    case SocketState::kStopTerm:
      return "stop-pre-sigterm";
    case SocketState::kStopKill:
      return "stop-pre-sigkill";
    case SocketState::kStopPost:
      return "stop-post";
    case SocketState::kFinalTerm:
      return "final-sigterm";
    case SocketState::kFinalKill:
      return "final-sigkill";
    case SocketState::kFailed:
      return "failed";
    case SocketState::kNever:
      break;
  }
  return "never";
}

absl::string_view NameOf(ServiceState state) {
  switch (state) {
    case ServiceState::kDead:
      return "dead";
    case ServiceState::kStartPre:
      return "start-pre";
    case ServiceState::kStart:
      return "start";
    case ServiceState::kStartPost:
      return "start-post";
    case ServiceState::kRunning:
      return "running";
    case ServiceState::kExited:
      return "exited";
    case ServiceState::kReload:
      return "reload";
    case ServiceState::kStop:
      return "stop";
    case ServiceState::kStopTerm:
      return "stop-sigterm";
    case ServiceState::kStopKill:
      return "stop-sigkill";
    case ServiceState::kStopPost:
      return "stop-post";
    case ServiceState::kFinalTerm:
      return "final-sigterm";
    case ServiceState::kFinalKill:
      return "final-sigkill";
    case ServiceState::kAutoRestart:
      return "auto-restart";
    case ServiceState::kFailed:
      return "failed";
    case ServiceState::kNever:
      break;
  }
  return "never";
}

absl::string_view NameOf(TargetState state) {
  return state == TargetState::kActive ? "active" : "dead";
}

absl::string_view NameOf(ActiveState state) {
  switch (state) {
    case ActiveState::kInactive:
      return "inactive";
    case ActiveState::kActivating:
      return "activating";
    case ActiveState::kActive:
      return "active";
    case ActiveState::kReloading:
      return "reloading";
    case ActiveState::kDeactivating:
      return "deactivating";
    case ActiveState::kFailed:
      return "failed";
  }
  return "unknown";
}

absl::string_view NameOf(LoadState state) {
  switch (state) {
    case LoadState::kLoaded:
      return "loaded";
    case LoadState::kNotFound:
      return "not-found";
    case LoadState::kBadSetting:
      return "bad-setting";
    case LoadState::kError:
      return "error";
    case LoadState::kMasked:
      return "masked";
  }
  return "unknown";
}

absl::string_view NameOf(Result result) {
  switch (result) {
    case Result::kSuccess:
      return "success";
    case Result::kResources:
      return "resources";
    case Result::kTimeout:
      return "timeout";
    case Result::kExitCode:
      return "exit-code";
    case Result::kSignal:
      return "signal";
    case Result::kCoreDump:
      return "core-dump";
    case Result::kStartLimitHit:
      return "start-limit-hit";
    case Result::kTriggerLimitHit:
      return "trigger-limit-hit";
    case Result::kServiceStartLimitHit:
      return "service-start-limit-hit";
    case Result::kProtocol:
      return "protocol";
  }
  return "unknown";
}

ActiveState ActiveStateOf(SocketState state) {
  switch (state) {
    case SocketState::kDead:
    case SocketState::kNever:
      return ActiveState::kInactive;
    case SocketState::kStartPre:
    case SocketState::kStartOpen:
    case SocketState::kStartPost:
      return ActiveState::kActivating;
    case SocketState::kListening:
    case SocketState::kRunning:
    case SocketState::kDeferred:
    case SocketState::kCooling:
    case SocketState::kPaused:
      return ActiveState::kActive;
    case SocketState::kFailed:
      return ActiveState::kFailed;
    default:
      return ActiveState::kDeactivating;
  }
}

ActiveState ActiveStateOf(ServiceState state) {
  switch (state) {
    case ServiceState::kDead:
    case ServiceState::kNever:
      return ActiveState::kInactive;
    case ServiceState::kStartPre:
    case ServiceState::kStart:
    case ServiceState::kStartPost:
    case ServiceState::kAutoRestart:
      return ActiveState::kActivating;
    case ServiceState::kRunning:
    case ServiceState::kExited:
      return ActiveState::kActive;
    case ServiceState::kReload:
      return ActiveState::kReloading;
    case ServiceState::kFailed:
      return ActiveState::kFailed;
    default:
      return ActiveState::kDeactivating;
  }
}

ActiveState ActiveStateOf(TargetState state) {
  return state == TargetState::kActive ? ActiveState::kActive : ActiveState::kInactive;
}

}  // namespace socketd
