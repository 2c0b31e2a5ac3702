#include "server/api/status.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

#include "server/api/limits.h"
#include "server/base/errors.h"
#include "server/base/text.h"

namespace socketd {
namespace {

constexpr char kDomain[] = "socketd";
// Bytes beside the message and the violations: the ErrorInfo, and what names the parts.
constexpr size_t kFrameBytes = 512;
constexpr size_t kViolationBytes = 8;  // tags and lengths of one violation

// grpc-status-details-bin carries a google.rpc.Status: that is how clients find the details.
grpc::Status Assemble(google::rpc::Status& outcome,
                      const google::rpc::ErrorInfo& info,
                      const google::rpc::BadRequest& blame) {
  // Facts may be file names: no text, until escapes make them longer. A cut may go through a
  // character.
  std::string message = CleanText(outcome.message());
  message.resize(std::min(message.size(), kErrorMessageBytesLimit));
  message.resize(CleanLength(message));
  outcome.set_message(std::move(message));
  outcome.add_details()->PackFrom(info);
  if (blame.field_violations_size() > 0) outcome.add_details()->PackFrom(blame);
  return {static_cast<grpc::StatusCode>(outcome.code()), outcome.message(),
          outcome.SerializeAsString()};
}

void AddFacts(const std::map<std::string, std::string>& facts, google::rpc::ErrorInfo& info) {
  size_t size = 0;
  for (const auto& [key, value] : facts) {
    size += key.size() + value.size();
    if (size > kErrorDetailBytesLimit) return;
    (*info.mutable_metadata())[key] = CleanText(value);
  }
}

void Blame(absl::string_view field, absl::string_view description, google::rpc::BadRequest& blame) {
  google::rpc::BadRequest::FieldViolation* violation = blame.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(CleanText(description));
}

// What came as text is blamed by its line, what came in fields by its path.
std::string FieldOf(const Problem& problem) {
  if (problem.line == 0) return problem.field.empty() ? "unit_file" : problem.field;
  std::string place = absl::StrCat("unit_file:", problem.line);
  if (!problem.key.empty()) absl::StrAppend(&place, ":", problem.section, ".", problem.key);
  return place;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status outcome;
  outcome.set_code(static_cast<int>(status.code()));
  outcome.set_message(std::string(status.message()));
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  const std::string reason = ReasonOf(status);
  info.set_reason(reason.empty() ? "INTERNAL" : reason);
  const std::map<std::string, std::string> facts = FactsOf(status);
  AddFacts(facts, info);
  google::rpc::BadRequest blame;
  if (const auto field = facts.find("field"); field != facts.end())
    Blame(field->second, status.message().substr(0, kErrorMessageBytesLimit), blame);
  return Assemble(outcome, info, blame);
}

grpc::Status ToGrpc(absl::string_view unit, const Problems& problems) {
  google::rpc::BadRequest blame;
  size_t fatal = 0;
  size_t left_out = 0;
  size_t size = 0;
  std::string first;
  for (const Problem& problem : problems) {
    if (!problem.fatal) continue;
    if (++fatal == 1) first = ToText(problem);
    const std::string field = FieldOf(problem);
    size += field.size() + problem.message.size() + kViolationBytes;
    if (size > kErrorDetailBytesLimit - kErrorMessageBytesLimit - kFrameBytes) {
      ++left_out;
    } else {
      Blame(field, problem.message, blame);
    }
  }
  if (left_out > 0) Blame("unit_file", absl::StrCat("and ", left_out, " more"), blame);
  google::rpc::Status outcome;
  outcome.set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  outcome.set_message(
      fatal == 1 ? first : absl::StrCat(unit, ": ", fatal, " mistakes; the first: ", first));
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason("BAD_UNIT");
  AddFacts({{"unit", std::string(unit)}, {"mistakes", absl::StrCat(fatal)}}, info);
  return Assemble(outcome, info, blame);
}

}  // namespace socketd
