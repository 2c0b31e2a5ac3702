#include "server/unit/grammar_command.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_words.h"

namespace socketd {
namespace {

using v1::Command;

absl::Status Twice(absl::string_view prefix) {
  return Expected(absl::StrCat("the prefix \"", prefix, "\" at most once"));
}

// Sets a flag that a prefix stands for; false if it is set already.
bool SetOnce(bool& flag) {
  return !std::exchange(flag, true);
}

absl::Status TakePrivileges(absl::string_view& program, Command& command) {
  Command::Privileges wanted = Command::PRIVILEGES_FULL;
  size_t length = 1;
  if (absl::StartsWith(program, "!!")) {
    wanted = Command::PRIVILEGES_AMBIENT;
    length = 2;
  } else if (program[0] == '!') {
    wanted = Command::PRIVILEGES_KEEP_IDENTITY;
  }
  if (command.privileges() != Command::PRIVILEGES_UNSPECIFIED) {
    return Expected("only one of the prefixes \"+\", \"!\" and \"!!\"");
  }
  command.set_privileges(wanted);
  program.remove_prefix(length);
  return absl::OkStatus();
}

// Takes the prefixes off `program`.
absl::Status TakePrefixes(absl::string_view& program, Command& command, bool& names_itself) {
  bool ignore_failure = false;
  bool no_expansion = false;
  while (!program.empty()) {
    const char prefix = program[0];
    if (prefix == '+' || prefix == '!') {
      const absl::Status taken = TakePrivileges(program, command);
      if (!taken.ok()) return taken;
      continue;
    }
    if (prefix != '-' && prefix != '@' && prefix != ':') break;
    bool& flag = prefix == '-' ? ignore_failure : prefix == '@' ? names_itself : no_expansion;
    if (!SetOnce(flag)) return Twice(program.substr(0, 1));
    program.remove_prefix(1);
  }
  command.set_ignore_failure(ignore_failure);
  command.set_no_expansion(no_expansion);
  return absl::OkStatus();
}

absl::Status CheckProgram(absl::string_view program, Stage stage) {
  if (program.empty()) return Expected("a program after the prefixes");
  if (MayChange(program, stage)) return absl::OkStatus();
  if (program[0] == '/') return CheckPath(program, stage);
  if (absl::StrContains(program, "/")) {
    return Expected(
        absl::StrCat("a program with an absolute path or a plain name, not ", Shown(program)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Command> MakeCommand(absl::Span<const Word> words, Stage stage) {
  Command command;
  bool names_itself = false;
  absl::string_view program = words[0].text;
  absl::Status status = TakePrefixes(program, command, names_itself);
  if (status.ok()) status = CheckProgram(program, stage);
  if (!status.ok()) return status;
  command.set_path(std::string(program));
  words.remove_prefix(1);
  if (names_itself) {
    if (words.empty()) return Expected("argv[0] after the program, because of the prefix \"@\"");
    command.set_argv0(words[0].text);
    words.remove_prefix(1);
  }
  for (const Word& word : words)
    command.add_arguments(word.text);
  return command;
}

bool IsSeparator(const Word& word) {
  return word.bare && word.text == ";";
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommands(absl::string_view text, Stage stage) {
  auto words = SplitWords(text);
  if (!words.ok()) return words.status();
  CommandLine line;
  absl::Span<Word> rest = absl::MakeSpan(*words);
  while (!rest.empty()) {
    size_t length = 0;
    while (length < rest.size() && !IsSeparator(rest[length])) {
      Word& word = rest[length++];
      line.odd_escape |= word.odd_escape && word.text != "\\;";
      if (word.text == "\\;") word.text = ";";  // systemd.service(5): an escaped separator
    }
    if (length == 0) return Expected("a command before \";\"");
    auto command = MakeCommand(rest.first(length), stage);
    if (!command.ok()) return command.status();
    line.commands.push_back(*std::move(command));
    rest.remove_prefix(length < rest.size() ? length + 1 : length);
  }
  if (line.commands.empty()) return Expected("a command line");
  return line;
}

std::string FormatCommand(const Command& command) {
  std::string text;
  if (command.ignore_failure()) text += '-';
  if (!command.argv0().empty()) text += '@';
  if (command.no_expansion()) text += ':';
  switch (command.privileges()) {
    case Command::PRIVILEGES_FULL:
      text += '+';
      break;
    case Command::PRIVILEGES_KEEP_IDENTITY:
      text += '!';
      break;
    case Command::PRIVILEGES_AMBIENT:
      text += "!!";
      break;
    default:
      break;
  }
  absl::StrAppend(&text, command.path().empty() ? "" : QuoteWord(command.path()));
  if (!command.argv0().empty()) absl::StrAppend(&text, " ", QuoteWord(command.argv0()));
  for (const std::string& argument : command.arguments())
    absl::StrAppend(&text, " ", QuoteWord(argument));
  return text;
}

}  // namespace socketd
