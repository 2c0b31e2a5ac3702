// What a verb works with: the options, the daemon, the printer and the world around the program.
// Everything that a test wants to hold still (time, terminal, environment) comes in here. One per
// run, main thread only.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/printer.h"
#include "cli/verb.h"

namespace socketd::v1 {
class Unit;
}

namespace socketd::cli {

class Client;

struct Surroundings {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool colour = false;  // out is a terminal; NO_COLOR and TERM=dumb switch it off
  absl::TimeZone zone = absl::UTCTimeZone();
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> pause;
  std::function<std::string(const char*)> variable;  // of the environment; empty if unset
};

struct Session {
  const Options& options;
  absl::string_view verb;
  const VerbTable& table;
  Client& client;
  Printer& printer;
  Surroundings& around;

  // "socketctl: VERB: text" on standard error.
  void Say(absl::string_view text) const;
  // The same for a failure that has to do with `subject` (a unit or a file; may be empty). Returns
  // the exit code that goes with it.
  ExitCode Fail(absl::string_view subject, const absl::Status& status) const;
};

// Calls `act` for each unit that the operands name, in their order; patterns are looked up first.
// Failures are said one by one and do not stop the rest, unless the daemon is gone.
ExitCode ForEachUnit(const Session& session,
                     const std::function<absl::StatusOr<ExitCode>(const std::string&)>& act);

// NOT_FOUND for a unit that others only name.
absl::Status RefuseUnheld(const v1::Unit& unit);

// "web" is "web.service", "units/web.socket" is "web.socket".
std::string FullUnitName(absl::string_view operand);

// True for shell patterns: "web*".
bool IsPattern(absl::string_view operand);

}  // namespace socketd::cli
