// Command lines of Exec* directives: prefixes (- @ : + ! !!), quoting, several commands on one line
// separated by ";"; systemd.service(5), "Command lines". Specifiers and variables stay as they are.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/unit/grammar.h"

namespace socketd {

namespace v1 {
class Command;
}

struct CommandLine {
  std::vector<v1::Command> commands;
  bool odd_escape = false;  // see Word
};

// INVALID_ARGUMENT (BAD_VALUE) says what was expected: a program that is an absolute path or a
// plain name, each prefix at most once, balanced quotes.
absl::StatusOr<CommandLine> ParseCommands(absl::string_view text, Stage stage);

// The command so written that ParseCommands gives it back.
std::string FormatCommand(const v1::Command& command);

}  // namespace socketd
