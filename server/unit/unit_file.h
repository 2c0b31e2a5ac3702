// The lines of a unit file: sections, keys and values, each with its line number. It knows no key
// and no section; systemd.syntax(7). Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/unit/problem.h"

namespace socketd {

constexpr size_t kLargestUnitFile = size_t{1} << 20;  // bytes; systemd's own bound for one line
constexpr size_t kLongestUnitLine = size_t{1} << 16;  // bytes, continuation lines joined
constexpr size_t kLongestValue = size_t{1} << 15;     // bytes; leaves room for the key
constexpr size_t kMostAssignments = 10000;            // in one file

struct Assignment {
  std::string section;  // without brackets
  std::string key;
  std::string value;  // continuation lines joined, without blanks around it
  int line = 0;       // where the key stands
};

// Comments (# ;) and blank lines are left out, also between continuation lines. Every odd line is a
// fatal problem with its line, and the rest is still read: a line without "=" or without a key, a
// key before the first section, a bad section header, bytes that are not UTF-8, a NUL, and what is
// beyond the bounds above. Bad bytes are reported where they stand, also on a line that goes on
// from another; a comment may hold any. `file` is only for messages.
std::vector<Assignment> ReadAssignments(absl::string_view file,
                                        absl::string_view text,
                                        Problems& problems);

// True if the lexer gives `value` back when it stands after "key=".
bool FitsOnLine(absl::string_view value);
// True if a section or a key of that name can be written and read.
bool FitsAsSection(absl::string_view section);
bool FitsAsKey(absl::string_view key);

}  // namespace socketd
