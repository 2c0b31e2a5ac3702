// The units that the fake daemon of these tests knows. Values; any thread.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"

#include "socketd/v1/plan.pb.h"
#include "socketd/v1/unit.pb.h"

namespace socketd::cli {

// When the world of these tests began, and what time it is in them.
inline const absl::Time kEpoch = absl::FromUnixSeconds(1795262400);  // 2026-11-21 12:00:00 UTC
inline const absl::Time kNow = kEpoch + absl::Seconds(185);

// By bare name: web.socket and web.service are well, db.service has failed, idle.target is at rest,
// lost.service has no file, evil.service has text that would drive a terminal.
std::map<std::string, v1::Unit> FakeUnits();

// What a plan says of web.socket; one of everything.
v1::UnitChange FakeUnitChange();

google::protobuf::Timestamp Stamp(absl::Time time);

// A move of `unit`, as the daemon would send it.
v1::Change FakeChange(std::int64_t revision,
                      const std::string& unit,
                      const std::string& from,
                      const std::string& to);

}  // namespace socketd::cli
