// The engine's values as remembered.proto has them, and back: what is not believable is no value.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/base/instant.h"
#include "server/engine/rate_limit.h"
#include "server/engine/remembered.pb.h"
#include "server/unit/change.h"
#include "server/unit/unit_state.h"

namespace socketd {

// Over what `record` was for: its words keep their memory.
void Write(const Change& change, remembered::Change& record);
std::optional<Change> ChangeOf(absl::string_view record);

void Write(const Cause& cause, remembered::Cause& record);
Cause CauseOf(const remembered::Cause& record);

void Write(const RateWindow& window, remembered::Window& record);
RateWindow WindowOf(const remembered::Window& record);

std::optional<Result> ResultOf(uint32_t number);
// The state of any machine by its name, with static storage; empty stays so. None: there is no such
// state.
std::optional<absl::string_view> StateNameOf(absl::string_view name);

// 0: infinitely early or late.
int64_t NanosOf(absl::Time time);
absl::Time TimeOf(int64_t nanos);
int64_t NanosOf(Instant instant);
Instant InstantOf(int64_t nanos);

}  // namespace socketd
