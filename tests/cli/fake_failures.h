// How calls of the fake daemon fail, with details as the real one sends them. Values; any thread.
#pragma once

#include <map>
#include <string>

#include "grpcpp/grpcpp.h"

namespace socketd::cli {

grpc::Status FakeError(grpc::StatusCode code,
                       const std::string& reason,
                       const std::string& message,
                       const std::map<std::string, std::string>& facts = {});

// A unit file with two mistakes.
grpc::Status WithViolations();

// The failure that a unit's name asks for.
grpc::Status FailureOf(const std::string& unit);

}  // namespace socketd::cli
