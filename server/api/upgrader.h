// Whoever can put another program into the daemon's place: the roof, if a keeper is there. The API
// wing sees this of it. Any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/engine/engine_handle.h"

namespace socketd {

namespace v1 {
class GetServerResponse;
}

struct UpgradeRequest {
  std::string program;  // empty: the path that this one was started by
  absl::Duration limit;
  std::string requester;
};

struct UpgradeReport {
  std::string program;
  std::string version;
  int life = 0;
};

// Nobody keeps the daemon, or does any more: FAILED_PRECONDITION (NO_KEEPER).
absl::Status NoKeeper();

class Upgrader {
 public:
  virtual ~Upgrader() = default;

  // Answers, on the engine thread, when the program has been tried: it can take over, or
  // FAILED_PRECONDITION (PROGRAM_UNFIT, UPGRADE_UNDER_WAY, NO_KEEPER). Nothing happens before Go().
  virtual void Check(UpgradeRequest request, Answer<UpgradeReport> answer) = 0;
  // The answer is out: hand over.
  virtual void Go() = 0;
  // Answers with this life, on the engine thread, once it serves; or when it is sure that no later
  // one comes. NO_KEEPER, as above.
  virtual void AwaitLife(int after, Answer<int> answer) = 0;
  // Adds how the last upgrade went.
  virtual void Describe(v1::GetServerResponse& about) = 0;
};

}  // namespace socketd
