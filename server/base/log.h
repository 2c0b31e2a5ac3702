// One line, one event: a stable name first, facts after, as key=value. Values that need quotes get
// them here, never at the call. Log() never waits for a disk: the sink is asynchronous, drops the
// oldest when full and says how many it dropped. Any thread.
//
//   Log(Level::kInfo, "unit.moved", {{"unit", name}, {"from", from}, {"to", to}});
#pragma once

#include <initializer_list>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace socketd {

// error: we are broken; warning: the operator should look; info: a unit moved or a call changed
// something; debug: everything else.
enum class Level { kDebug, kInfo, kWarning, kError };

// Borrowed for the call.
struct LogFact {
  absl::string_view key;
  absl::string_view value;
};

void Log(Level level, absl::string_view event, std::initializer_list<LogFact> facts = {});

// The same with the facts and the message of a failure appended.
void LogFailure(Level level,
                absl::string_view event,
                const absl::Status& status,
                std::initializer_list<LogFact> facts = {});

bool LogEnabled(Level level);
void SetLogLevel(Level level);

// Starts the asynchronous sink to standard error; before it, and in tests, lines are written at
// once. StopLog flushes what is queued.
void StartLog();
void StopLog();

}  // namespace socketd
