// The rules of the house that neither the compiler nor clang-tidy can say. Each check looks at the
// tree and returns one line a fault: "path:line: what (why)". No fault, no line.
#pragma once

#include <string>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace socketd::tidy {

using Faults = std::vector<std::string>;
using Tree = std::vector<SourceFile>;

Faults CheckWords(const Tree& tree);       // words that have one home, or none
Faults CheckIncludes(const Tree& tree);    // who may look at whom
Faults CheckSizes(const Tree& tree);       // lines, functions, files
Faults CheckBuildFiles(const Tree& tree);  // each source is in its folder's BUILD.bazel
Faults CheckSuites(const Tree& tree);      // each test is in a suite of the root
Faults CheckLayout(const Tree& tree);      // the top level, and which files can be run
Faults CheckHeaders(const Tree& tree);     // each header begins with what it is

}  // namespace socketd::tidy
