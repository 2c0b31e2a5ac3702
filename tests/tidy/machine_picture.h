// The state machines drawn as Markdown, from the tables that the engine walks. server/README.md
// carries the drawings between markers; draw_machines puts them there, tidy_test compares.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace socketd::tidy {

std::string DrawSocketMachine();
std::string DrawServiceMachine();

// `page` with each drawing put between its markers; unchanged where a marker is missing.
std::string WithDrawings(absl::string_view page);

}  // namespace socketd::tidy
