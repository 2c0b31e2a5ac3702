#include "tests/cli/fake_failures.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace socketd::cli {

grpc::Status FakeError(grpc::StatusCode code,
                       const std::string& reason,
                       const std::string& message,
                       const std::map<std::string, std::string>& facts) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("socketd");
  info.mutable_metadata()->insert(facts.begin(), facts.end());
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  details.add_details()->PackFrom(info);
  return {code, message, details.SerializeAsString()};
}

grpc::Status WithViolations() {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_reason("BAD_UNIT_FILE");
  info.set_domain("socketd");
  details.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  auto& first = *bad.add_field_violations();
  first.set_field("definition.socket.listen");
  first.set_description("line 2: ListenStream=99999: a port is at most 65535");
  auto& second = *bad.add_field_violations();
  second.set_field("definition.socket.backlog");
  second.set_description("line 3: Backlog=many: expected a number");
  details.add_details()->PackFrom(bad);
  return {grpc::StatusCode::INVALID_ARGUMENT, "the unit file has 2 mistakes",
          details.SerializeAsString()};
}

grpc::Status FailureOf(const std::string& unit) {
  if (unit == "denied.service") {
    return FakeError(grpc::StatusCode::PERMISSION_DENIED, "ACCESS_DENIED",
                     "uid 65534 may only look", {{"uid", "65534"}});
  }
  if (unit == "broken.service") {
    return FakeError(grpc::StatusCode::FAILED_PRECONDITION, "COMMAND_FAILED", "a command failed",
                     {{"step", "ExecStart"}, {"exit", "status 1"}});
  }
  if (unit == "limited.socket") {
    return FakeError(grpc::StatusCode::RESOURCE_EXHAUSTED, "START_LIMIT", "started too often");
  }
  if (unit == "busy.service") {
    return FakeError(grpc::StatusCode::ABORTED, "ETAG_MISMATCH", "somebody else changed it");
  }
  if (unit == "plain.service") return {grpc::StatusCode::INTERNAL, "Received RST_STREAM"};
  return grpc::Status::OK;
}

}  // namespace socketd::cli
