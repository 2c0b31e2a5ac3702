// Matchers for statuses, by reason and facts, never by text (server/base/errors.h).
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd::testing {

inline absl::Status StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& status) {
  return status.status();
}

// The call went well.
MATCHER(IsOk, negation ? "fails" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return arg.ok();
}

// The call went well, and what it gave matches.
MATCHER_P(IsOkAndHolds, matcher, "is OK and holds what matches") {
  if (!arg.ok()) {
    *result_listener << StatusOf(arg).ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(matcher, *arg, result_listener);
}

// The call failed with this reason.
MATCHER_P(FailsBecause,
          reason,
          std::string(negation ? "does not fail" : "fails") + " because of " + reason) {
  *result_listener << StatusOf(arg).ToString() << ", reason " << ReasonOf(StatusOf(arg));
  return !arg.ok() && ReasonOf(StatusOf(arg)) == reason;
}

// The call failed with this canonical code.
MATCHER_P(FailsWith, code, "fails with " + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// The failure carries this fact.
MATCHER_P2(HasFact, key, value, std::string("has the fact ") + key + "=" + value) {
  const auto facts = FactsOf(StatusOf(arg));
  for (const auto& [name, text] : facts)
    *result_listener << name << "=" << text << " ";
  const auto found = facts.find(key);
  return found != facts.end() && found->second == value;
}

}  // namespace socketd::testing
