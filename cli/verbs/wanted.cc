#include "cli/verbs/wanted.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "cli/file.h"

namespace socketd::cli {
namespace {

absl::Status ReadFile(const std::string& path, Wanted& wanted) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  v1::UnitSource& source = *wanted.Add();
  source.set_unit_id(std::string(BaseName(path)));
  source.set_unit_file(*text);
  return absl::OkStatus();
}

// Anything else in a folder (drop-ins, notes) is not ours to send.
bool IsUnitFile(absl::string_view name) {
  return absl::EndsWith(name, ".socket") || absl::EndsWith(name, ".service") ||
         absl::EndsWith(name, ".target");
}

absl::Status ReadOperand(const Session& session, const std::string& operand, Wanted& wanted) {
  if (operand == "-") {
    const absl::StatusOr<std::string> text = ReadText(session.around.in, "standard input");
    if (!text.ok()) return text.status();
    v1::UnitSource& source = *wanted.Add();
    source.set_unit_id(session.options.name);
    source.set_unit_file(*text);
    return absl::OkStatus();
  }
  if (!IsFolder(operand)) return ReadFile(operand, wanted);
  const absl::StatusOr<std::vector<std::string>> names = ListFolder(operand);
  if (!names.ok()) return names.status();
  const int before = wanted.size();
  for (const std::string& name : *names) {
    if (!IsUnitFile(name)) continue;
    if (absl::Status read = ReadFile(absl::StrCat(operand, "/", name), wanted); !read.ok())
      return read;
  }
  return wanted.size() > before ? absl::OkStatus()
                                : absl::FailedPreconditionError("there is no unit file in it");
}

}  // namespace

ExitCode ReadWanted(const Session& session, Wanted& wanted) {
  const Options& options = session.options;
  std::vector<std::string> operands = options.operands;
  if (operands.empty() && options.remove.empty()) operands = {"-"};
  for (const std::string& operand : operands) {
    if (operand == "-" && options.name.empty()) {
      session.Say("standard input has no name; give the unit's name with --name");
      return ExitCode::kUsage;
    }
    const absl::Status read = ReadOperand(session, operand, wanted);
    if (!read.ok()) return session.Fail(operand, read);
  }
  for (const std::string& unit : options.remove) {
    v1::UnitSource& source = *wanted.Add();
    source.set_unit_id(FullUnitName(unit));
    source.set_remove(true);
  }
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
