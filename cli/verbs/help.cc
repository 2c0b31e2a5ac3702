#include "cli/help.h"

#include <ostream>

#include "absl/strings/str_cat.h"

#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {

ExitCode RunHelp(const Session& session) {
  if (session.options.operands.empty()) {
    session.around.out << HelpForAll(session.table);
    return ExitCode::kSuccess;
  }
  const std::string& name = session.options.operands.front();
  const Verb* verb = FindVerb(session.table, name);
  if (verb == nullptr) {
    session.Say(absl::StrCat("there is no verb \"", name, "\"; see 'socketctl help'"));
    return ExitCode::kUsage;
  }
  session.around.out << HelpForVerb(session.table, *verb);
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
