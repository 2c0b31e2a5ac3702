#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

using google::protobuf::util::TimeUtil;
using Upgrade = v1::GetServerResponse::Upgrade;

constexpr absl::Duration kLimit = absl::Seconds(10);  // the daemon's own, if none is given
constexpr absl::Duration kPause = absl::Milliseconds(20);
// There and back again takes four limits at most; then nobody will come any more.
constexpr int kPatience = 5;

absl::StatusOr<absl::Duration> LimitOf(const std::string& text) {
  if (text.empty()) return kLimit;
  absl::Duration span;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) return absl::Seconds(seconds);
  if (absl::ParseDuration(text, &span)) return span;
  return absl::InvalidArgumentError(
      absl::StrCat("--limit: \"", text, "\" is no span of time; expected as 5s, 1m30s or 0.5"));
}

// Whoever serves after the daemon that answered.
absl::StatusOr<v1::GetServerResponse> NextServer(const Session& session,
                                                 const v1::UpgradeServerResponse& begun,
                                                 absl::Duration limit) {
  const absl::Time end = session.around.now() + kPatience * limit;
  for (;;) {
    absl::StatusOr<v1::GetServerResponse> server = session.client.ServerAfter(begun.life());
    const bool gone = absl::IsUnavailable(server.status()) || absl::IsInternal(server.status());
    if (!gone || session.around.now() > end) return server;
    session.around.pause(kPause);
  }
}

absl::Status OutcomeOf(const v1::GetServerResponse& server) {
  const Upgrade& upgrade = server.upgrade();
  if (upgrade.done()) return absl::OkStatus();
  if (!server.has_upgrade())
    return absl::AbortedError("the daemon was started anew meanwhile; see 'socketctl version'");
  return absl::AbortedError(absl::StrCat("the new program did not take over: ", upgrade.error(),
                                         "; ", server.version(), " goes on"));
}

}  // namespace

ExitCode RunDaemonUpgrade(const Session& session) {
  const absl::StatusOr<absl::Duration> limit = LimitOf(session.options.limit);
  if (!limit.ok()) {
    session.Say(limit.status().message());
    return ExitCode::kUsage;
  }
  v1::UpgradeServerRequest request;
  request.set_program(session.options.program);
  *request.mutable_limit() = TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(*limit));
  const absl::StatusOr<v1::UpgradeServerResponse> begun = session.client.Upgrade(request);
  if (!begun.ok()) return session.Fail("", begun.status());
  const absl::StatusOr<v1::GetServerResponse> server = NextServer(session, *begun, *limit);
  if (!server.ok()) return session.Fail("", server.status());
  const absl::Status outcome = OutcomeOf(*server);
  if (!outcome.ok()) return session.Fail("", outcome);
  const Upgrade& upgrade = server->upgrade();
  const std::string text =
      absl::StrCat("upgraded from ", upgrade.from_version(), " to ", upgrade.to_version(), " in ",
                   TimeUtil::DurationToMilliseconds(upgrade.gap()), " ms\n");
  session.printer.Print(
      {&upgrade, absl::StrCat("socketd/", server->version()), {}, Harmless(text)});
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
