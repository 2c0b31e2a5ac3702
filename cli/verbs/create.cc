#include <istream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/file.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

struct Source {
  std::string label;  // for messages: the file, or "standard input"
  std::string name;   // of the unit; empty: not known from here
  std::string text;
};

absl::StatusOr<Source> ReadSource(const Session& session, const std::string& operand) {
  const bool stream = operand == "-";
  Source source;
  source.label = stream ? "standard input" : operand;
  source.name = session.options.name;
  if (source.name.empty() && !stream && !session.options.json)
    source.name = std::string(BaseName(operand));
  auto text = stream ? ReadText(session.around.in, source.label) : ReadTextFile(operand);
  if (!text.ok()) return text.status();
  source.text = std::move(*text);
  return source;
}

// JSON is a definition, or a whole unit as `show -o json` prints it.
absl::Status FillFromJson(const Source& source, v1::CreateUnitRequest& request) {
  v1::Unit unit;
  if (google::protobuf::util::JsonStringToMessage(source.text, &unit).ok()) {
    *request.mutable_definition() = unit.definition();
    if (request.unit_id().empty()) request.set_unit_id(BareName(unit));
    return absl::OkStatus();
  }
  const auto status =
      google::protobuf::util::JsonStringToMessage(source.text, request.mutable_definition());
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("this is no definition in JSON: ", std::string(status.message())));
}

absl::Status Create(const Session& session, const std::string& operand) {
  const absl::StatusOr<Source> source = ReadSource(session, operand);
  if (!source.ok()) return source.status();
  v1::CreateUnitRequest request;
  request.set_unit_id(source->name);
  request.set_validate_only(session.options.dry_run);
  if (session.options.json) {
    const absl::Status filled = FillFromJson(*source, request);
    if (!filled.ok()) return filled;
  } else {
    request.set_unit_file(source->text);
  }
  if (request.unit_id().empty()) {
    return WithHint(absl::InvalidArgumentError("the unit has no name"), "give one with --name");
  }
  const absl::StatusOr<v1::Unit> unit = session.client.Create(std::move(request));
  if (!unit.ok()) return unit.status();
  session.printer.Print({&*unit, BareName(*unit), {}, ""});
  for (const std::string& warning : unit->status().warnings()) {
    session.Say(absl::StrCat(BareName(*unit), ": warning: ", warning));
  }
  return absl::OkStatus();
}

}  // namespace

ExitCode RunCreate(const Session& session) {
  std::vector<std::string> files = session.options.operands;
  if (files.empty()) files = {"-"};
  if (files.size() > 1 && !session.options.name.empty()) {
    session.Say("--name goes with one file only; see 'socketctl help create'");
    return ExitCode::kUsage;
  }
  for (const std::string& file : files) {
    if (file == "-" && session.options.name.empty() && !session.options.json) {
      session.Say("standard input has no name; give the unit's name with --name");
      return ExitCode::kUsage;
    }
  }
  std::vector<ExitCode> codes;
  for (const std::string& file : files) {
    const absl::Status status = Create(session, file);
    codes.push_back(status.ok() ? ExitCode::kSuccess : session.Fail(file, status));
    if (absl::IsUnavailable(status)) break;
  }
  return FoldExitCodes(codes);
}

}  // namespace socketd::cli
