#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/file.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

std::string Lines(const std::string& file, const v1::VerifyUnitResponse& response, bool colour) {
  std::string text;
  for (const v1::VerifyUnitResponse::Problem& problem : response.problems()) {
    const std::string where =
        problem.line() > 0 ? absl::StrCat(file, ":", problem.line()) : std::string(file);
    const std::string what = Tinted(problem.fatal() ? "error" : "warning",
                                    problem.fatal() ? Tone::kBad : Tone::kBusy, colour);
    absl::StrAppend(&text, where, ": ", what, ": ", Harmless(problem.message()), "\n");
  }
  return text;
}

bool Loads(const v1::VerifyUnitResponse& response) {
  for (const v1::VerifyUnitResponse::Problem& problem : response.problems()) {
    if (problem.fatal()) return false;
  }
  return true;
}

absl::StatusOr<ExitCode> Verify(const Session& session, const std::string& file) {
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) return text.status();
  v1::VerifyUnitRequest request;
  request.set_unit_id(std::string(BaseName(file)));
  request.set_unit_file(*text);
  const absl::StatusOr<v1::VerifyUnitResponse> response = session.client.Verify(request);
  if (!response.ok()) return response.status();
  session.printer.Print({&*response, file, {}, Lines(file, *response, session.around.colour)});
  return Loads(*response) ? ExitCode::kSuccess : ExitCode::kFailed;
}

}  // namespace

ExitCode RunVerify(const Session& session) {
  std::vector<ExitCode> codes;
  for (const std::string& file : session.options.operands) {
    const absl::StatusOr<ExitCode> code = Verify(session, file);
    codes.push_back(code.ok() ? *code : session.Fail(file, code.status()));
    if (absl::IsUnavailable(code.status())) break;
  }
  return FoldExitCodes(codes);
}

}  // namespace socketd::cli
