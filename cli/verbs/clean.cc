#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/verbs/job.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

// What systemctl cleans besides, of which nothing is kept by socketd.
constexpr std::array<absl::string_view, 5> kElsewhere = {"cache", "configuration", "logs",
                                                         "runtime", "state"};

bool IsElsewhere(absl::string_view what) {
  for (const absl::string_view word : kElsewhere)
    if (word == what) return true;
  return false;
}

// Empty: `what` can be cleaned.
std::string Refusal(absl::string_view what) {
  if (what == "fdstore" || what == "all") return "";
  if (IsElsewhere(what)) {
    return absl::StrCat("--what=", what,
                        ": folders of units are not cleaned from here, remove them by hand; "
                        "only fdstore is");
  }
  return absl::StrCat("--what=", what, " is not known; expected fdstore");
}

}  // namespace

ExitCode RunClean(const Session& session) {
  for (const std::string& what : session.options.what) {
    const std::string refusal = Refusal(what);
    if (refusal.empty()) continue;
    session.Say(refusal);
    return ExitCode::kUsage;
  }
  return ForEachUnit(session, [&](const std::string& unit) -> absl::StatusOr<ExitCode> {
    v1::CleanUnitRequest request;
    request.set_name(unit);
    request.add_what(v1::CleanUnitRequest::WHAT_DESCRIPTOR_STORE);
    const absl::StatusOr<v1::CleanUnitResponse> cleaned = session.client.Clean(std::move(request));
    if (!cleaned.ok()) return cleaned.status();
    session.printer.Print({&cleaned->unit(), unit, {}, ""});
    return ExitCode::kSuccess;
  });
}

}  // namespace socketd::cli
