#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

std::string TextOf(const v1::Unit& unit) {
  const v1::UnitStatus& status = unit.status();
  std::string text = absl::StrCat("# ", BareName(unit));
  absl::StrAppend(&text, status.fragment_path().empty() ? "" : ": ", status.fragment_path(), "\n");
  for (const std::string& path : status.drop_in_paths()) {
    absl::StrAppend(&text, "# with ", path, "\n");
  }
  absl::StrAppend(&text, unit.unit_file());
  if (!absl::EndsWith(text, "\n")) absl::StrAppend(&text, "\n");
  return Harmless(text);
}

}  // namespace

ExitCode RunCat(const Session& session) {
  bool first = true;
  return ForEachUnit(session, [&](const std::string& name) -> absl::StatusOr<ExitCode> {
    const absl::StatusOr<v1::Unit> unit = session.client.Get(name, v1::UNIT_VIEW_FULL);
    if (!unit.ok()) return unit.status();
    if (absl::Status held = RefuseUnheld(*unit); !held.ok()) return held;
    session.printer.Print(
        {&*unit, BareName(*unit), {}, absl::StrCat(first ? "" : "\n", TextOf(*unit))});
    first = false;
    return ExitCode::kSuccess;
  });
}

}  // namespace socketd::cli
