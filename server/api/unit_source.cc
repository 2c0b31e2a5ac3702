#include "server/api/unit_source.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/names.h"
#include "server/api/status.h"
#include "server/base/errors.h"
#include "server/base/text.h"
#include "server/unit/schema.h"
#include "server/unit/unit_file.h"

namespace socketd {
namespace {

absl::Status CheckSize(const std::string& text) {
  if (text.size() <= kLargestUnitFile) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "UNIT_FILE_TOO_LONG",
               absl::StrCat("unit_file has ", text.size(), " bytes; at most ", kLargestUnitFile,
                            " are read"),
               {{"field", "unit_file"}});
}

grpc::Status ReadText(const UnitName& name, const std::string& text, UnitSource& source) {
  if (const absl::Status size = CheckSize(text); !size.ok()) return ToGrpc(size);
  v1::UnitDefinition definition;
  Problems problems;
  ReadUnitFile(name, {name.text(), text}, definition, problems);
  CheckDefinition(name, definition, problems);
  if (AnyFatal(problems)) return ToGrpc(name.text(), problems);
  source.text = text;
  return grpc::Status::OK;
}

grpc::Status ReadFields(const UnitName& name,
                        const v1::UnitDefinition& definition,
                        UnitSource& source) {
  Problems problems;
  CheckDefinition(name, definition, problems);
  if (AnyFatal(problems)) return ToGrpc(name.text(), problems);
  source.text = WriteUnitFile(definition);
  return ToGrpc(CheckSize(source.text));
}

template <typename Request>
grpc::Status Read(const Request& request, const UnitName& name, UnitSource& source) {
  source.unit = name.text();
  if (request.has_unit_file()) return ReadText(name, request.unit_file(), source);
  if (request.has_definition()) return ReadFields(name, request.definition(), source);
  return ToGrpc(Error(absl::StatusCode::kInvalidArgument, "SOURCE_MISSING",
                      "neither definition nor unit_file is given", {{"field", "source"}}));
}

}  // namespace

grpc::Status ReadSource(const v1::CreateUnitRequest& request,
                        const UnitName& name,
                        UnitSource& source) {
  return Read(request, name, source);
}

grpc::Status ReadSource(const v1::UpdateUnitRequest& request,
                        const UnitName& name,
                        UnitSource& source) {
  return Read(request, name, source);
}

grpc::Status ReadSources(const UnitSources& messages, std::vector<UnitSource>& sources) {
  for (const v1::UnitSource& message : messages) {
    const absl::StatusOr<UnitName> name = ParseResourceName(message.unit_id(), "unit_id");
    if (!name.ok()) return ToGrpc(name.status());
    UnitSource& source = sources.emplace_back();
    source.unit = name->text();
    source.remove = message.remove();
    if (source.remove) continue;
    if (grpc::Status read = Read(message, *name, source); !read.ok()) return read;
  }
  return grpc::Status::OK;
}

absl::Status Verify(const UnitName& name,
                    const std::string& text,
                    v1::VerifyUnitResponse& response) {
  if (absl::Status size = CheckSize(text); !size.ok()) return size;
  Problems problems;
  v1::UnitDefinition& definition = *response.mutable_definition();
  ReadUnitFile(name, {name.text(), text}, definition, problems);
  CheckDefinition(name, definition, problems);
  WarnUnenforced(definition, problems);
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& left, const Problem& right) {
    return left.line < right.line;
  });
  for (const Problem& problem : problems) {
    v1::VerifyUnitResponse::Problem& message = *response.add_problems();
    message.set_line(problem.line);
    message.set_section(problem.section);
    message.set_key(problem.key);
    message.set_message(CleanText(problem.message));
    message.set_fatal(problem.fatal);
  }
  return absl::OkStatus();
}

}  // namespace socketd
