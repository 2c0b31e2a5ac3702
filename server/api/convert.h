// Snapshots and changes as messages of the API. Specs are messages already and are copied.
#pragma once

#include "absl/time/time.h"

#include "server/engine/engine_handle.h"
#include "server/unit/change.h"
#include "server/unit/snapshot.h"

namespace google::protobuf {
class Timestamp;
}

namespace socketd {

namespace v1 {
class Change;
class DumpUnitResponse;
class Unit;
}  // namespace v1

// kBasic: without definition and log lines.
enum class View { kBasic, kFull };

void Convert(const UnitSnapshot& snapshot, View view, v1::Unit& unit);
void Convert(const DumpReport& report, v1::DumpUnitResponse& message);
void Convert(const Change& change, v1::Change& message);
void Convert(absl::Time time, google::protobuf::Timestamp& message);

}  // namespace socketd
