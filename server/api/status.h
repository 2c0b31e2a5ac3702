// Failures on their way out: the engine's statuses become gRPC's, with google.rpc.ErrorInfo (domain
// "socketd", the stable reason, the facts) and google.rpc.BadRequest where a field is to blame.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/unit/problem.h"

namespace grpc {
class Status;
}

namespace socketd {

// The fact "field" becomes a field violation. Details and message are cut to what a client takes.
grpc::Status ToGrpc(const absl::Status& status);

// INVALID_ARGUMENT (BAD_UNIT) with a field violation for each fatal problem.
grpc::Status ToGrpc(absl::string_view unit, const Problems& problems);

}  // namespace socketd
