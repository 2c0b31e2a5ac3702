// What a scenario expects of the world: the part of a line after `expect`.
//
//   web.socket listening, web.service running     states now
//   web.socket stop-pre, then dead                states on the way since the last look
//   web.socket failed with timeout                and the result
//   moves web.socket dead start-pre listening     exactly these since the last look
//   news web.socket created:daemon changed:daemon  what happened to it besides moves, and why
//   answer web.socket ok | pending | REASON       of the last request about the unit
//   warning web.socket "TEXT"                     and one of its warnings
//   stored web.service NAME...                    descriptors kept for it, the newest first
//   dump web.socket "Backlog: 5"                  the dump has this line
//   /bin/web alive | gone | runs 2 | has NAME=VALUE | has no NAME | got ADDRESS...
//   /bin/web leads session | leads group
//   port ADDRESS v6only | both | mode=0600 | backlog=5
//   waiting ADDRESS 2       refused ADDRESS       accepted 3      file PATH      no file PATH
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"

#include "tests/sim/world.h"

namespace socketd::sim {

// `looked`: per unit, the last revision that an earlier expectation has seen.
absl::Status Expect(World& world,
                    std::map<std::string, int64_t>& looked,
                    const std::string& expectation);

// The same where a client has asked twice: moves, answers, runs and counts may be more than
// expected; what is there now is the same.
absl::Status ExpectAfterRepeating(World& world,
                                  std::map<std::string, int64_t>& looked,
                                  const std::string& expectation);

}  // namespace socketd::sim
