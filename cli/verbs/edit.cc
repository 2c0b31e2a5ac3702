#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/file.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

std::string FirstOf(const Session& session, const char* one, const char* two, std::string last) {
  std::string value = session.around.variable(one);
  if (value.empty() && two != nullptr) value = session.around.variable(two);
  return value.empty() ? std::move(last) : value;
}

// The text as the editor left it. The file goes away unless the caller keeps it.
absl::StatusOr<std::string> Edited(const Session& session, const std::string& path) {
  absl::Status status = Edit(FirstOf(session, "VISUAL", "EDITOR", "vi"), path);
  if (!status.ok()) return status;
  return ReadTextFile(path);
}

absl::Status WriteBack(const Session& session, const v1::Unit& unit, std::string text) {
  v1::UpdateUnitRequest request;
  request.set_name(BareName(unit));
  request.set_etag(unit.etag());
  request.set_unit_file(std::move(text));
  const absl::StatusOr<v1::UpdateUnitResponse> response = session.client.Update(request);
  if (!response.ok()) return response.status();
  std::string line = absl::StrCat(BareName(unit), ": changed");
  if (!response->takes_effect().empty()) {
    absl::StrAppend(&line, "; it counts from ", response->takes_effect());
  }
  session.printer.Print({&*response, BareName(unit), {}, Harmless(absl::StrCat(line, "\n"))});
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> EditUnit(const Session& session, const std::string& name) {
  const absl::StatusOr<v1::Unit> unit = session.client.Get(name, v1::UNIT_VIEW_FULL);
  if (!unit.ok()) return unit.status();
  const std::string folder = FirstOf(session, "TMPDIR", nullptr, "/tmp");
  const absl::StatusOr<std::string> path = NewPrivateFile(folder, name, unit->unit_file());
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::string> text = Edited(session, *path);
  if (!text.ok() || *text == unit->unit_file()) {
    unlink(path->c_str());
    if (!text.ok()) return text.status();
    session.printer.Print({&*unit, name, {}, absl::StrCat(name, ": nothing changed\n")});
    return ExitCode::kSuccess;
  }
  const absl::Status written = WriteBack(session, *unit, *text);
  if (!written.ok()) return WithHint(written, absl::StrCat("your text is kept in ", *path));
  unlink(path->c_str());
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunEdit(const Session& session) {
  return ForEachUnit(session, [&](const std::string& unit) { return EditUnit(session, unit); });
}

}  // namespace socketd::cli
