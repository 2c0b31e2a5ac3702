#include "cli/version.h"

#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

std::string Capabilities(const v1::GetServerResponse& server) {
  std::string text;
  for (const v1::GetServerResponse::Capability& one : server.capabilities()) {
    absl::StrAppend(&text, "  ", one.available() ? "+ " : "- ", one.name());
    absl::StrAppend(&text, one.detail().empty() ? "" : ": ", one.detail(), "\n");
  }
  return text;
}

// Empty: none was tried.
std::string LastUpgrade(const v1::GetServerResponse& server) {
  if (!server.has_upgrade()) return "";
  const v1::GetServerResponse::Upgrade& upgrade = server.upgrade();
  return absl::StrCat("  last upgrade: from ", upgrade.from_version(), " to ", upgrade.to_version(),
                      ": ", upgrade.done() ? "done" : absl::StrCat("failed: ", upgrade.error()),
                      "\n");
}

// Both versions as one object; `server` is JSON or empty.
std::string Both(absl::string_view server) {
  return absl::StrCat("{\"client\":{\"version\":\"", kVersion, "\"}",
                      server.empty() ? "" : ",\"server\":", server, "}");
}

}  // namespace

ExitCode RunVersion(const Session& session) {
  const std::string own = absl::StrCat("socketctl ", kVersion, "\n");
  const absl::StatusOr<v1::GetServerResponse> server = session.client.Server();
  const std::string json = Both(server.ok() ? ToJson(*server) : "");
  if (!server.ok()) {
    session.printer.Print({nullptr, absl::StrCat("socketctl/", kVersion), {}, own, &json});
    return session.Fail("", server.status());
  }
  std::string text = absl::StrCat(own, "socketd ", server->version(), ", process ", server->pid());
  absl::StrAppend(&text, ", at ", session.client.address().text, "\n");
  if (session.options.output == "wide")
    absl::StrAppend(&text, LastUpgrade(*server), Capabilities(*server));
  session.printer.Print({nullptr,
                         absl::StrCat("socketctl/", kVersion, "\nsocketd/", server->version()),
                         {},
                         Harmless(text),
                         &json});
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
