// `unit` lines of scenarios: a unit file in one line.
//
//   unit web.socket  listen=tcp:127.0.0.1:80  exec-stop-pre="/bin/drain --all"  timeout=5s
//
// Keys are directives in small letters with hyphens, or directives as they are.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace socketd::sim {

// The unit file's text. `words` are the words after the unit's name; `body` is put behind as it is.
absl::StatusOr<std::string> UnitText(const std::string& unit,
                                     const std::vector<std::string>& words,
                                     const std::vector<std::string>& body);

// Words separated by spaces; double quotes hold words together and are taken off.
std::vector<std::string> SplitWords(const std::string& line);

}  // namespace socketd::sim
