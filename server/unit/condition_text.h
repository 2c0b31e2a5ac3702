// Conditions and assertions as unit files write them, and the words that some of them ask for.
// systemd.unit(5), "Conditions and Asserts". Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace socketd {

namespace v1 {
class Condition;
}

enum class ConditionRole : uint8_t { kCondition, kAssertion };

// "|!/etc/x"
std::string ConditionValue(const v1::Condition& condition);

// "ConditionPathExists=|!/etc/x"
std::string ConditionText(ConditionRole role, const v1::Condition& condition);

// The number of a capability: "CAP_NET_ADMIN" in any case of letters, or "12"; capabilities(7).
std::optional<unsigned> CapabilityNumber(absl::string_view name);

// What ConditionSecurity=, ConditionVirtualization= and ConditionArchitecture= may ask for; another
// word is never met. True for conditions that take any value.
bool IsKnownWord(const v1::Condition& condition);

}  // namespace socketd
