#include "server/engine/job.h"

namespace socketd {

absl::string_view NameOf(Work work) {
  switch (work) {
    case Work::kVerify:
      return "verify-active";
    case Work::kStart:
      return "start";
    case Work::kReload:
      return "reload";
    case Work::kReloadOrStart:
      return "reload-or-start";
    case Work::kRestart:
      return "restart";
    case Work::kStop:
      return "stop";
  }
  return "unknown";
}

std::optional<Work> WorkOf(absl::string_view name) {
  for (size_t i = 0; i < kWorks; ++i) {
    if (NameOf(static_cast<Work>(i)) == name) return static_cast<Work>(i);
  }
  return std::nullopt;
}

}  // namespace socketd
