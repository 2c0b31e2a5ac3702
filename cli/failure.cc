#include "cli/failure.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace socketd::cli {
namespace {

constexpr absl::string_view kDetailsUrl = "socketctl/details";
constexpr absl::string_view kHintUrl = "socketctl/hint";

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailsUrl);
  if (payload.has_value()) details.ParseFromString(std::string(*payload));
  return details;
}

template <typename Message>
std::optional<Message> Detail(const absl::Status& status) {
  const google::rpc::Status details = DetailsOf(status);
  for (const google::protobuf::Any& any : details.details()) {
    Message message;
    if (any.Is<Message>() && any.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}

// " (REASON: key=value ...)", sorted by key; empty without a reason.
std::string ReasonAndFacts(const absl::Status& status) {
  const auto info = Detail<google::rpc::ErrorInfo>(status);
  if (!info.has_value() || info->reason().empty()) return "";
  const std::map<std::string, std::string> facts(info->metadata().begin(), info->metadata().end());
  const std::string text = absl::StrJoin(facts, " ", absl::PairFormatter("="));
  return absl::StrCat(" (", info->reason(), text.empty() ? "" : ": ", text, ")");
}

}  // namespace

absl::Status WithDetails(absl::Status status, absl::string_view serialized) {
  if (!serialized.empty()) status.SetPayload(kDetailsUrl, absl::Cord(serialized));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = Detail<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "";
}

std::string FactOf(const absl::Status& status, absl::string_view key) {
  const auto info = Detail<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return "";
  const auto found = info->metadata().find(std::string(key));
  return found == info->metadata().end() ? "" : found->second;
}

absl::Status WithHint(absl::Status status, absl::string_view hint) {
  if (!hint.empty()) status.SetPayload(kHintUrl, absl::Cord(hint));
  return status;
}

std::string Sentence(const absl::Status& status) {
  // The daemon's text may hold what a stranger wrote; a newline would make it look like two errors.
  std::string line = absl::StrReplaceAll(std::string(status.message()), {{"\n", " "}});
  absl::StrAppend(&line, ReasonAndFacts(status));
  const absl::optional<absl::Cord> hint = status.GetPayload(kHintUrl);
  if (hint.has_value()) absl::StrAppend(&line, "; ", std::string(*hint));
  const auto bad = Detail<google::rpc::BadRequest>(status);
  if (bad.has_value()) {
    for (const auto& violation : bad->field_violations()) {
      absl::StrAppend(&line, "\n  ", violation.field(), ": ", violation.description());
    }
  }
  return line;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kSuccess;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNoSuchUnit;
    case absl::StatusCode::kUnavailable:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kDenied;
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kTimeout;
    default:
      return ExitCode::kFailed;
  }
}

ExitCode FoldExitCodes(const std::vector<ExitCode>& codes) {
  if (codes.empty()) return ExitCode::kSuccess;
  const auto same = [&](ExitCode code) { return code == codes.front(); };
  if (std::all_of(codes.begin(), codes.end(), same)) return codes.front();
  const bool some = std::count(codes.begin(), codes.end(), ExitCode::kSuccess) > 0;
  return some ? ExitCode::kPartial : ExitCode::kFailed;
}

}  // namespace socketd::cli
