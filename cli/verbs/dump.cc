#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunDump(const Session& session) {
  bool first = true;
  return ForEachUnit(session, [&](const std::string& name) -> absl::StatusOr<ExitCode> {
    v1::DumpUnitRequest request;
    request.set_name(name);
    const absl::StatusOr<v1::DumpUnitResponse> dump = session.client.Dump(request);
    if (!dump.ok()) return dump.status();
    const std::string text = Harmless(dump->text());
    session.printer.Print({&*dump, name, {}, absl::StrCat(first ? "" : "\n", text)});
    first = false;
    return ExitCode::kSuccess;
  });
}

}  // namespace socketd::cli
