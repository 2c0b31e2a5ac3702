// One thing that is wrong with a unit's definition: where it stands, what was expected, what to do.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace socketd {

struct Problem {
  std::string file;     // empty: not from a file
  int line = 0;         // from 1; 0: the file as a whole
  std::string section;  // without brackets
  std::string key;      // empty: none
  std::string field;    // the path in the spec, as "definition.socket.backlog"; empty: none
  std::string message;  // for people, complete in itself
  bool fatal = false;   // the unit cannot be loaded
};

using Problems = std::vector<Problem>;

inline bool AnyFatal(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.fatal; });
}

// "web.socket:12: [Socket] Backlog=: ...", what fits.
std::string ToText(const Problem& problem);

}  // namespace socketd
