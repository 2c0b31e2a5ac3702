// The units that a command line wants there to be, and those it wants gone: files, folders of unit
// files, standard input. Main thread.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"

#include "cli/session.h"

#include "socketd/v1/plan.pb.h"

namespace socketd::cli {

using Wanted = google::protobuf::RepeatedPtrField<v1::UnitSource>;

// Said already if it is no success.
ExitCode ReadWanted(const Session& session, Wanted& wanted);

}  // namespace socketd::cli
