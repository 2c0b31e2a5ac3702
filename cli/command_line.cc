#include "cli/command_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "CLI/CLI.hpp"

namespace socketd::cli {
namespace {

// How often an option may be given, and with which words.
template <typename Target>
void Constrain(CLI::Option& option, const OptionRow& row) {
  if constexpr (std::is_same_v<Target, std::vector<std::string>>) {
    option.allow_extra_args(false)->delimiter(',');
  } else {
    option.multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  if (row.value.find('|') == absl::string_view::npos) return;
  const std::vector<std::string> words = absl::StrSplit(row.value, '|');
  option.check(CLI::IsMember(words));
}

void AddOption(CLI::App& app, const OptionRow& row, Options& options) {
  const std::string flags(row.flags);
  const std::string help(row.help);
  const auto add = [&](auto slot) {
    auto& target = options.*slot;
    using Target = std::remove_reference_t<decltype(target)>;
    if constexpr (std::is_same_v<Target, bool>) {
      app.add_flag(flags, target, help);
    } else {
      Constrain<Target>(*app.add_option(flags, target, help), row);
    }
  };
  std::visit(add, row.slot);
}

void AddVerb(CLI::App& app, const Verb& verb, Options& options) {
  CLI::App* command = app.add_subcommand(std::string(verb.name), std::string(verb.help));
  command->set_help_flag();
  command->fallthrough();
  if (!verb.alias.empty()) command->alias(std::string(verb.alias));
  for (const OptionRow& row : verb.options)
    AddOption(*command, row, options);
  command->add_option("operands", options.operands, "");
}

// CLI11 reports by exception; it goes no further than this function.
absl::Status Parse(CLI::App& app, std::vector<std::string> arguments) {
  const std::vector<std::string> written = arguments;
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::Error& error) {
    const bool verb = !app.get_subcommands().empty() || written.front().front() == '-';
    return verb ? absl::InvalidArgumentError(error.what())
                : absl::InvalidArgumentError(
                      absl::StrCat("there is no verb \"", written.front(), "\""));
  }
  return absl::OkStatus();
}

absl::Status CheckOperands(const Verb& verb, const Options& options) {
  const auto given = static_cast<int>(options.operands.size());
  if (given < verb.least) {
    return absl::InvalidArgumentError(absl::StrCat(verb.name, " needs ", verb.arguments));
  }
  if (given > verb.most && verb.most == 0) {
    return absl::InvalidArgumentError(absl::StrCat(verb.name, " takes no arguments"));
  }
  if (given > verb.most) {
    return absl::InvalidArgumentError(
        absl::StrCat(verb.name, " takes ", verb.arguments, ", and ", given, " were given"));
  }
  for (const std::string& operand : options.operands) {
    if (operand.empty()) return absl::InvalidArgumentError("an argument is empty");
  }
  if (options.since < 0)
    return absl::InvalidArgumentError("--since: expected a revision from 1 up");
  if (options.expected_revision < 0)
    return absl::InvalidArgumentError("--expected-revision: expected a revision from 1 up");
  if (options.count < 0) return absl::InvalidArgumentError("--count: expected a number from 1 up");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Invocation> ReadCommandLine(const VerbTable& table,
                                           const std::vector<std::string>& arguments) {
  Invocation invocation;
  CLI::App app;
  app.set_help_flag();
  // One verb; after it even a word that is a verb's name is an operand.
  app.require_subcommand(0, 1);
  for (const OptionRow& row : table.common)
    AddOption(app, row, invocation.options);
  for (const Verb& verb : table.verbs)
    AddVerb(app, verb, invocation.options);
  absl::Status parsed = Parse(app, arguments);
  if (!parsed.ok()) return parsed;
  const auto chosen = app.get_subcommands();
  absl::string_view name = chosen.empty() ? absl::string_view("list") : chosen.front()->get_name();
  if (invocation.options.version) name = "version";
  if (chosen.empty() && invocation.options.help) name = "help";
  invocation.verb = FindVerb(table, name);
  if (!invocation.options.help) {
    absl::Status checked = CheckOperands(*invocation.verb, invocation.options);
    if (!checked.ok()) return checked;
  }
  return invocation;
}

}  // namespace socketd::cli
