// What the command line says, read but not yet obeyed. Filled by command_line.cc through the rows
// of options in verb.cc; a plain value afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace socketd::cli {

struct Options {
  // The units or files that the verb is about, as written.
  std::vector<std::string> operands;

  // Accepted by every verb.
  std::string output = "table";
  std::string address;  // empty: SOCKETD_ADDRESS, else the default
  std::string timeout;  // empty: none for verbs that wait for a unit, else kReadTimeout
  bool no_wait = false;
  bool no_legend = false;
  bool no_pager = false;  // accepted; nothing is ever paged
  bool quiet = false;
  bool help = false;
  bool version = false;

  // Of some verbs.
  std::vector<std::string> states;
  std::vector<std::string> types;
  std::vector<std::string> properties;
  std::string mode = "replace";
  std::string name;
  std::string program;
  std::string limit;
  std::vector<std::string> remove;
  std::vector<std::string> what;
  std::string snapshot = "yes";
  std::int64_t since = 0;
  std::int64_t count = 0;
  std::int64_t expected_revision = 0;
  bool all = false;
  bool dry_run = false;
  bool json = false;
  bool no_reconnect = false;
  bool restart = false;
  bool value = false;
  bool with_service = false;
  bool with_sockets = false;
};

using OptionSlot = std::variant<bool Options::*,
                                std::string Options::*,
                                std::int64_t Options::*,
                                std::vector<std::string> Options::*>;

// One option: how it is written, what it takes, what it does, where it goes.
struct OptionRow {
  absl::string_view flags;  // "-o,--output"
  absl::string_view value;  // "FORMAT"; empty for a switch; with "|": one of these words
  absl::string_view help;
  OptionSlot slot;
};

}  // namespace socketd::cli
