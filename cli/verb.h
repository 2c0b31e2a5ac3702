// The table of verbs: name, arguments, help, options, function. Help, completion, the command line
// and README all come from it. Constant; any thread.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "cli/exit_code.h"
#include "cli/options.h"

namespace socketd::cli {

struct Session;

enum class VerbGroup { kLook, kAct, kDefine, kDaemon, kSelf };

// What the operands are; completion offers them.
enum class Operands { kNone, kUnits, kFiles, kShells, kVerbs };

struct Verb {
  absl::string_view name;
  absl::string_view alias;  // a second name; empty: none
  VerbGroup group;
  absl::string_view arguments;  // "UNIT...", for help
  Operands operands;
  int least;  // operands needed
  int most;   // operands allowed; kMany: any number
  absl::string_view help;
  absl::string_view more;      // a paragraph for `help VERB`
  absl::string_view examples;  // a line each
  absl::Span<const OptionRow> options;
  ExitCode (*run)(const Session&);
};

inline constexpr int kMany = 1 << 16;

// What socketctl can do, as a value: verbs that print help or completions get it with their
// session.
struct VerbTable {
  absl::Span<const Verb> verbs;
  absl::Span<const OptionRow> common;  // accepted by every verb
};

// The table itself (verb.cc).
VerbTable AllVerbs();

// The verb with this name or alias; null if there is none.
inline const Verb* FindVerb(const VerbTable& table, absl::string_view name) {
  for (const Verb& verb : table.verbs) {
    if (verb.name == name || (!verb.alias.empty() && verb.alias == name)) return &verb;
  }
  return nullptr;
}

}  // namespace socketd::cli
