#include "server/unit/grammar_command.h"

#include <algorithm>
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

// What the prefixes "-", "@" and ":" say.
struct Flags {
  bool ignore_failure = false;
  bool names_itself = false;
  bool no_expansion = false;
};

// The flag that a prefix sets; null for anything else.
bool* FlagOf(char prefix, Flags& flags) {
  switch (prefix) {
    case '-':
      return &flags.ignore_failure;
    case '@':
      return &flags.names_itself;
    case ':':
      return &flags.no_expansion;
    default:
      return nullptr;
  }
}

// Takes the prefixes off `program`.
absl::Status TakePrefixes(absl::string_view& program, Command& command, Flags& flags) {
  while (!program.empty()) {
    absl::Status taken;
    if (program[0] == '+' || program[0] == '!') {
      taken = TakePrivileges(program, command);
    } else if (bool* flag = FlagOf(program[0], flags)) {
      if (!SetOnce(*flag)) taken = Twice(program.substr(0, 1));
      program.remove_prefix(1);
    } else {
      break;
    }
    if (!taken.ok()) return taken;
  }
  command.set_ignore_failure(flags.ignore_failure);
  command.set_no_expansion(flags.no_expansion);
  return absl::OkStatus();
}

absl::Status CheckProgram(absl::string_view program, Stage stage) {
  if (program.empty()) return Expected("a program after the prefixes");
  if (program[0] == '|') {
    return Expected(
        "a program without the prefix \"|\": no shell is started here; write /bin/sh -c '...'");
  }
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
  Flags flags;
  absl::string_view program = words[0].text;
  absl::Status status = TakePrefixes(program, command, flags);
  if (status.ok()) status = CheckProgram(program, stage);
  if (!status.ok()) return status;
  command.set_path(std::string(program));
  words.remove_prefix(1);
  if (flags.names_itself) {
    if (words.empty() || words[0].text.empty()) {
      return Expected("argv[0] after the program, because of the prefix \"@\"");
    }
    command.set_argv0(words[0].text);
    words.remove_prefix(1);
  }
  for (const Word& word : words)
    command.add_arguments(word.text);
  return command;
}

bool IsSeparator(const Word& word) {
  return word.written == ";";
}

// The number of words before the next separator.
size_t CommandLength(absl::Span<const Word> words) {
  return static_cast<size_t>(std::find_if(words.begin(), words.end(), IsSeparator) - words.begin());
}

// systemd.service(5): "\;" by itself is a separator that is meant as a word. True for any other odd
// escape.
bool SettleEscape(Word& word) {
  if (word.written != "\\;") return word.odd_escape;
  word.text = ";";
  return false;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommands(absl::string_view text, Stage stage) {
  auto words = SplitWords(text);
  if (!words.ok()) return words.status();
  CommandLine line;
  absl::Span<Word> rest = absl::MakeSpan(*words);
  while (!rest.empty()) {
    const size_t length = CommandLength(rest);
    if (length == 0) return Expected("a command before \";\"");
    for (Word& word : rest.first(length))
      line.odd_escape |= SettleEscape(word);
    auto command = MakeCommand(rest.first(length), stage);
    if (!command.ok()) return command.status();
    line.commands.push_back(*std::move(command));
    rest.remove_prefix(std::min(length + 1, rest.size()));
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
