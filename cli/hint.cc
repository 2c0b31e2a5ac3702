#include "cli/hint.h"

#include "absl/strings/str_cat.h"

#include "cli/unit_text.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::cli {
namespace {

std::string LoadHint(const v1::Unit& unit) {
  switch (unit.status().load_state()) {
    case v1::LOAD_STATE_NOT_FOUND:
      return "no file has this unit; write one and run 'socketctl daemon-reload', or make it with "
             "'socketctl create'";
    case v1::LOAD_STATE_BAD_SETTING:
    case v1::LOAD_STATE_ERROR:
      return "mend the file (see 'socketctl verify FILE'), then run 'socketctl daemon-reload'";
    case v1::LOAD_STATE_MASKED:
      return "the unit is masked: its file is empty or a link to /dev/null; remove that and run "
             "'socketctl daemon-reload'";
    default:
      return "";
  }
}

std::string FailureHint(const v1::Unit& unit) {
  const std::string name = BareName(unit);
  const std::string again = absl::StrCat("'socketctl start ", name, "'");
  const std::string reset = absl::StrCat("'socketctl reset-failed ", name, "'");
  switch (unit.status().result()) {
    case v1::RESULT_RESOURCES:
      return absl::StrCat("a socket could not be opened or a process not started, see Why; then ",
                          again);
    case v1::RESULT_TIMEOUT:
      return absl::StrCat(
          "a step took too long; see the log and the Timeout keys in 'socketctl cat ", name,
          "', then ", again);
    case v1::RESULT_EXIT_CODE:
    case v1::RESULT_SIGNAL:
    case v1::RESULT_CORE_DUMP:
    case v1::RESULT_PROTOCOL:
      return absl::StrCat("a process of the unit failed; see the log, mend it, then ", again);
    case v1::RESULT_START_LIMIT_HIT:
    case v1::RESULT_TRIGGER_LIMIT_HIT:
      return absl::StrCat("too much in too short a time; find out why, then ", reset, " and ",
                          again);
    case v1::RESULT_SERVICE_START_LIMIT_HIT:
      return absl::StrCat("its service was started too often: see 'socketctl status ",
                          unit.status().socket().service(), "'; then ", reset, " both and ", again);
    default:
      return absl::StrCat("see the log, then ", again);
  }
}

}  // namespace

std::string HintFor(const v1::Unit& unit) {
  std::string load = LoadHint(unit);
  if (!load.empty()) return load;
  return unit.status().active_state() == v1::ACTIVE_STATE_FAILED ? FailureHint(unit) : "";
}

}  // namespace socketd::cli
