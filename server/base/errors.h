// Errors as values: an absl::Status with a stable reason and facts in its payload. The message is
// for people and never matched; code and tests match the reason ("PORT_IN_USE") and the facts.
// errno dies on the kernel floor: SystemError turns it into a canonical code and keeps number and
// call as facts.
#pragma once

#include <initializer_list>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace socketd {

struct Fact {
  absl::string_view key;
  std::string value;
};

// A status with `reason` (UPPER_SNAKE_CASE, at most 63 characters, as google.rpc.ErrorInfo wants).
absl::Status Error(absl::StatusCode code,
                   absl::string_view reason,
                   absl::string_view message,
                   std::initializer_list<Fact> facts = {});

// UNAVAILABLE (SHUTTING_DOWN): the daemon ends, and takes on nothing more.
absl::Status ShuttingDown();

// The failure of system call `call` with `error` (an errno). Facts "errno" (its name, as
// "EADDRINUSE") and "call" come besides `facts`; the reason is "SYSTEM_ERROR" unless given.
absl::Status SystemError(int error,
                         absl::string_view call,
                         std::initializer_list<Fact> facts = {},
                         absl::string_view reason = "SYSTEM_ERROR");

// Adds facts to a failure that did not know them yet; existing keys stay.
absl::Status WithFacts(absl::Status status, std::initializer_list<Fact> facts);

// The reason of a failure; empty for OK and for statuses that carry none.
std::string ReasonOf(const absl::Status& status);

// All facts of a failure, by key.
std::map<std::string, std::string> FactsOf(const absl::Status& status);

// The errno a SystemError was made from; 0 if it was not.
int ErrnoOf(const absl::Status& status);

// "EADDRINUSE" for EADDRINUSE; "errno 4711" for unknown numbers.
std::string ErrnoName(int error);

// True for failures that pass by themselves and say nothing about the unit: EMFILE, ENFILE, ENOMEM,
// ENOBUFS, EAGAIN, ENOSPC.
bool IsResourceShortage(const absl::Status& status);

}  // namespace socketd
