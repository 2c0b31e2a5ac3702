#include "cli/help.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "cli/exit_code.h"

namespace socketd::cli {
namespace {

absl::string_view GroupTitle(VerbGroup group) {
  switch (group) {
    case VerbGroup::kLook:
      return "Look at units";
    case VerbGroup::kAct:
      return "Act on units";
    case VerbGroup::kDefine:
      return "Define units";
    case VerbGroup::kDaemon:
      return "The daemon";
    case VerbGroup::kSelf:
      break;
  }
  return "socketctl itself";
}

std::string Usage(const Verb& verb) {
  return absl::StrCat(verb.name, verb.arguments.empty() ? "" : " ", verb.arguments);
}

std::string OptionLines(absl::Span<const OptionRow> rows) {
  std::string text;
  for (const OptionRow& row : rows) {
    absl::StrAppend(&text, "  ", absl::StrJoin(FlagsOf(row), ", "));
    absl::StrAppend(&text, row.value.empty() ? "" : " ", row.value, "\n      ", row.help, "\n");
  }
  return text;
}

std::string Indented(absl::string_view lines) {
  return absl::StrCat("  ", absl::StrReplaceAll(lines, {{"\n", "\n  "}}), "\n");
}

}  // namespace

std::vector<std::string> FlagsOf(const OptionRow& row) {
  return absl::StrSplit(row.flags, ',');
}

std::string HelpForAll(const VerbTable& table) {
  std::string text =
      "socketctl VERB [UNIT...] [OPTION...]\n\n"
      "Drives socketd. A unit is NAME.socket, NAME.service or NAME.target; a bare NAME means\n"
      "NAME.service. Shell patterns ('web*') name all loaded units that match.\n";
  const Verb* before = nullptr;
  for (const Verb& verb : table.verbs) {
    if (before == nullptr || before->group != verb.group) {
      absl::StrAppend(&text, "\n", GroupTitle(verb.group), ":\n");
    }
    absl::StrAppendFormat(&text, "  %-28s %s\n", Usage(verb), std::string(verb.help));
    before = &verb;
  }
  absl::StrAppend(&text, "\nOptions of every verb:\n", OptionLines(table.common));
  absl::StrAppend(&text, "\nExit status:\n");
  for (const ExitMeaning& row : kExitMeanings) {
    absl::StrAppend(&text, "  ", static_cast<int>(row.code), "  ", row.meaning, "\n");
  }
  absl::StrAppend(&text,
                  "\nEnvironment: SOCKETD_ADDRESS, VISUAL, EDITOR, NO_COLOR.\n"
                  "'socketctl help VERB' tells more, with examples.\n");
  return text;
}

std::string HelpForVerb(const VerbTable& table, const Verb& verb) {
  std::string text = absl::StrCat("socketctl ", Usage(verb), " [OPTION...]\n");
  if (!verb.alias.empty()) absl::StrAppend(&text, "Also: ", verb.alias, "\n");
  absl::StrAppend(&text, "\n", verb.help, ".\n");
  if (!verb.more.empty()) absl::StrAppend(&text, verb.more, "\n");
  if (!verb.options.empty()) {
    absl::StrAppend(&text, "\nOptions:\n", OptionLines(verb.options));
  }
  absl::StrAppend(&text, "\nOptions of every verb:\n", OptionLines(table.common));
  absl::StrAppend(&text, "\nExamples:\n", Indented(verb.examples));
  return text;
}

}  // namespace socketd::cli
