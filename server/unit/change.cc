#include "server/unit/change.h"

namespace socketd {

absl::string_view NameOf(Cause::Kind kind) {
  switch (kind) {
    case Cause::Kind::kRequest:
      return "request";
    case Cause::Kind::kTraffic:
      return "traffic";
    case Cause::Kind::kDependency:
      return "dependency";
    case Cause::Kind::kProcess:
      return "process";
    case Cause::Kind::kTimeout:
      return "timeout";
    case Cause::Kind::kRestartPolicy:
      return "restart-policy";
    case Cause::Kind::kLimit:
      return "limit";
    case Cause::Kind::kNotification:
      return "notification";
    case Cause::Kind::kFailure:
      return "failure";
    case Cause::Kind::kDaemon:
      return "daemon";
    case Cause::Kind::kStep:
      return "step";
    case Cause::Kind::kCondition:
      return "condition";
  }
  return "unknown";
}

}  // namespace socketd
