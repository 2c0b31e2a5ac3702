// Help as text, made from the table of verbs. Plain functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace socketd::cli {

// What `socketctl help` prints: verbs by group, common options, exit status, examples.
std::string HelpForAll(const VerbTable& table);

// What `socketctl help VERB` prints.
std::string HelpForVerb(const VerbTable& table, const Verb& verb);

// The flags of one row apart: {"-o", "--output"}.
std::vector<std::string> FlagsOf(const OptionRow& row);

}  // namespace socketd::cli
