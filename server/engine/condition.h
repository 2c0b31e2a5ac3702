// Whether Condition*= and Assert*= hold: systemd.unit(5), "Conditions and Asserts". What they ask
// is answered by a World, so that the same answers give the same findings. What cannot be found out
// does not hold, and with "!" it does. Any thread that the World is for.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"

#include "server/kernel/types.h"
#include "server/unit/condition_text.h"
#include "server/unit/snapshot.h"
#include "server/unit/specifiers.h"

namespace socketd {

namespace v1 {
class Condition;
}

// What conditions ask. Statuses as in Kernel (server/kernel/kernel.h).
class ConditionWorld {
 public:
  virtual absl::StatusOr<PathFacts> Inspect(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) = 0;
  virtual absl::StatusOr<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) = 0;
  // What does not change while the daemon runs.
  virtual const Surroundings& surroundings() const = 0;
  // The daemon's variables, NAME=value.
  virtual const std::vector<std::string>& environment() const = 0;

 protected:
  ~ConditionWorld() = default;
};

// How the conditions of one role were found.
struct ConditionVerdict {
  bool met = true;
  // The first that is to blame: "ConditionPathExists=/etc/x is not met", or of triggers all:
  // "none of ... is met". Empty: all is met.
  std::string unmet;
  std::vector<ConditionFinding> findings;
};

using Conditions = google::protobuf::RepeatedPtrField<v1::Condition>;

// All of them are looked at; specifiers are expanded already.
ConditionVerdict Evaluate(ConditionRole role, const Conditions& conditions, ConditionWorld& world);

}  // namespace socketd
