#include "server/unit/environment.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/exec.pb.h"
#include "server/unit/grammar_name.h"

namespace socketd {
namespace {

constexpr size_t kMostExpanded = size_t{1} << 21;  // bytes of one command's words; execve(2)

// The value of a variable; empty if it is unset.
absl::string_view ValueOf(const Environment& environment, absl::string_view name) {
  return environment.Find(name).value_or(absl::string_view());
}

// Replaces what follows a "$" at the front of `rest` (the "$" is off already).
void TakeVariable(absl::string_view& rest, const Environment& environment, std::string& text) {
  if (absl::StartsWith(rest, "$")) {
    text += '$';
    rest.remove_prefix(1);
    return;
  }
  const size_t close = rest.find('}');
  if (absl::StartsWith(rest, "{") && close != absl::string_view::npos &&
      IsVariableName(rest.substr(1, close - 1))) {
    absl::StrAppend(&text, ValueOf(environment, rest.substr(1, close - 1)));
    rest.remove_prefix(close + 1);
    return;
  }
  text += '$';
}

std::string ExpandWord(absl::string_view word, const Environment& environment) {
  std::string text;
  while (!word.empty() && text.size() < kMostExpanded) {
    const char c = word[0];
    word.remove_prefix(1);
    if (c == '$') {
      TakeVariable(word, environment, text);
    } else {
      text += c;
    }
  }
  return text;
}

// True for a word that is "$NAME" and nothing else.
bool IsWholeVariable(absl::string_view word) {
  return word.size() > 1 && word[0] == '$' && IsVariableName(word.substr(1));
}

// The first word of a variable's value, taken off it: quotes hold words together, a backslash takes
// the next character as it is, and what is left open ends with the value.
std::string TakeWord(absl::string_view& value) {
  std::string word;
  char quote = 0;
  while (!value.empty() && (quote != 0 || !absl::ascii_isspace(value[0]))) {
    const char c = value[0];
    value.remove_prefix(1);
    if (c == '\\' && !value.empty()) {
      word += value[0];
      value.remove_prefix(1);
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      word += c;
    }
  }
  return word;
}

void AppendWords(absl::string_view value, std::vector<std::string>& arguments) {
  value = absl::StripLeadingAsciiWhitespace(value);
  while (!value.empty()) {
    arguments.push_back(TakeWord(value));
    value = absl::StripLeadingAsciiWhitespace(value);
  }
}

}  // namespace

size_t Environment::PlaceOf(absl::string_view name) const {
  size_t place = 0;
  for (; place < entries_.size(); ++place) {
    const std::string& entry = entries_[place];
    if (entry.size() > name.size() && entry[name.size()] == '=' && absl::StartsWith(entry, name)) {
      break;
    }
  }
  return place;
}

void Environment::Set(absl::string_view name, absl::string_view value) {
  const size_t place = PlaceOf(name);
  if (place == entries_.size()) entries_.emplace_back();
  entries_[place] = absl::StrCat(name, "=", value);
}

void Environment::SetEntry(absl::string_view entry) {
  const size_t equals = entry.find('=');
  if (equals == absl::string_view::npos) return;
  Set(entry.substr(0, equals), entry.substr(equals + 1));
}

std::optional<absl::string_view> Environment::Find(absl::string_view name) const {
  const size_t place = PlaceOf(name);
  if (place == entries_.size()) return std::nullopt;
  return absl::string_view(entries_[place]).substr(name.size() + 1);
}

std::vector<std::string> ExpandArguments(const v1::Command& command,
                                         const Environment& environment) {
  std::vector<std::string> arguments;
  const std::string& own_name = command.argv0().empty() ? command.path() : command.argv0();
  arguments.push_back(command.no_expansion() ? own_name : ExpandWord(own_name, environment));
  for (const std::string& argument : command.arguments()) {
    if (command.no_expansion()) {
      arguments.push_back(argument);
    } else if (IsWholeVariable(argument)) {
      AppendWords(ValueOf(environment, absl::string_view(argument).substr(1)), arguments);
    } else {
      arguments.push_back(ExpandWord(argument, environment));
    }
  }
  return arguments;
}

}  // namespace socketd
