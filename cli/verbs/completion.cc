#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "cli/failure.h"
#include "cli/help.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

// In the templates: @VERBS@ and @COMMON@ are words, @CASES@ are the branches of a `case` by verb.
// Unit names are asked for with a short time-out: a slow daemon must not freeze a prompt.
constexpr absl::string_view kBash = R"(# bash completion for socketctl
_socketctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -o|--output|--address|--timeout) ((i++)) ;;
      -*) ;;
      *) verb=${COMP_WORDS[i]}; break ;;
    esac
  done
  case $before in
@VALUES@
  esac
  local words= options="@COMMON@"
  case $verb in
    '') words="@VERBS@" ;;
@CASES@
  esac
  if [[ $word == -* ]]; then words=$options; fi
  if [[ $words == :files: ]]; then compopt -o default 2>/dev/null; COMPREPLY=(); return; fi
  if [[ $words == :units: ]]; then
    words=$(socketctl list -o name --timeout 1 2>/dev/null)
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _socketctl socketctl
)";

constexpr absl::string_view kZsh = R"(#compdef socketctl
# zsh completion for socketctl
_socketctl() {
  local word=${words[CURRENT]} before=${words[CURRENT-1]} verb= i
  for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
      -o|--output|--address|--timeout) ((i++)) ;;
      -*) ;;
      *) verb=${words[i]}; break ;;
    esac
  done
  case $before in
@VALUES@
  esac
  local found= options="@COMMON@"
  case $verb in
    '') found="@VERBS@" ;;
@CASES@
  esac
  if [[ $word == -* ]]; then found=$options; fi
  if [[ $found == :files: ]]; then _files; return; fi
  if [[ $found == :units: ]]; then
    found=$(socketctl list -o name --timeout 1 2>/dev/null)
  fi
  compadd -- ${(z)found}
}
compdef _socketctl socketctl
)";

std::string FlagWords(absl::Span<const OptionRow> rows) {
  std::vector<std::string> words;
  for (const OptionRow& row : rows) {
    for (const std::string& flag : FlagsOf(row))
      words.push_back(flag);
  }
  return absl::StrJoin(words, " ");
}

std::string OperandWords(const Session& session, Operands operands) {
  std::vector<absl::string_view> names;
  switch (operands) {
    case Operands::kUnits:
      return ":units:";
    case Operands::kFiles:
      return ":files:";
    case Operands::kShells:
      return "bash zsh";
    case Operands::kVerbs:
      for (const Verb& verb : session.table.verbs)
        names.push_back(verb.name);
      return absl::StrJoin(names, " ");
    case Operands::kNone:
      break;
  }
  return "";
}

// `variable` holds the words in this shell's script.
std::string Cases(const Session& session, absl::string_view variable) {
  std::string text;
  for (const Verb& verb : session.table.verbs) {
    absl::StrAppend(&text, "    ", verb.name, verb.alias.empty() ? "" : "|", verb.alias, ") ");
    absl::StrAppend(&text, variable, "=\"", OperandWords(session, verb.operands), "\"");
    if (!verb.options.empty()) {
      absl::StrAppend(&text, "; options+=\" ", FlagWords(verb.options), "\"");
    }
    absl::StrAppend(&text, " ;;\n");
  }
  text.pop_back();
  return text;
}

// Options whose value is one of a few words; `reply` offers "$1" and returns.
std::string Values(const Session& session, absl::string_view reply) {
  std::string text;
  const auto add = [&](const OptionRow& row) {
    if (row.value.find('|') == absl::string_view::npos) return;
    const std::string words = absl::StrReplaceAll(row.value, {{"|", " "}});
    absl::StrAppend(&text, "    ", absl::StrJoin(FlagsOf(row), "|"), ") ");
    absl::StrAppend(&text, absl::StrReplaceAll(reply, {{"$1", words}}), " ;;\n");
  };
  for (const OptionRow& row : session.table.common)
    add(row);
  std::string last;
  for (const Verb& verb : session.table.verbs) {
    for (const OptionRow& row : verb.options) {
      if (row.flags == last) continue;  // the job verbs share theirs
      last = std::string(row.flags);
      add(row);
    }
  }
  text.pop_back();
  return text;
}

}  // namespace

ExitCode RunCompletion(const Session& session) {
  const std::string& shell = session.options.operands.front();
  const bool bash = shell == "bash";
  if (!bash && shell != "zsh") {
    session.Say(absl::StrCat("\"", shell, "\" is not known; expected bash or zsh"));
    return ExitCode::kUsage;
  }
  const absl::string_view reply =
      bash ? "COMPREPLY=($(compgen -W \"$1\" -- \"$word\")); return" : "compadd -- $1; return";
  session.around.out << absl::StrReplaceAll(
      bash ? kBash : kZsh, {{"@VERBS@", OperandWords(session, Operands::kVerbs)},
                            {"@COMMON@", FlagWords(session.table.common)},
                            {"@VALUES@", Values(session, reply)},
                            {"@CASES@", Cases(session, bash ? "words" : "found")}});
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
