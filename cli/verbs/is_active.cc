#include <algorithm>

#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

// Says each unit's coarse state; it is a success for those in one of `wanted`.
ExitCode Ask(const Session& session, const std::vector<v1::ActiveState>& wanted) {
  return ForEachUnit(session, [&](const std::string& name) -> absl::StatusOr<ExitCode> {
    const absl::StatusOr<v1::Unit> unit = session.client.Get(name, v1::UNIT_VIEW_BASIC);
    if (!unit.ok()) return unit.status();
    if (absl::Status held = RefuseUnheld(*unit); !held.ok()) return held;
    const v1::ActiveState state = unit->status().active_state();
    const std::string word = Tinted(Spelling(state), ToneOf(state), session.around.colour);
    session.printer.Print({&*unit, BareName(*unit), {}, absl::StrCat(word, "\n")});
    const bool yes = std::find(wanted.begin(), wanted.end(), state) != wanted.end();
    return yes ? ExitCode::kSuccess : ExitCode::kNotActive;
  });
}

}  // namespace

ExitCode RunIsActive(const Session& session) {
  return Ask(session, {v1::ACTIVE_STATE_ACTIVE, v1::ACTIVE_STATE_RELOADING});
}

ExitCode RunIsFailed(const Session& session) {
  return Ask(session, {v1::ACTIVE_STATE_FAILED});
}

}  // namespace socketd::cli
