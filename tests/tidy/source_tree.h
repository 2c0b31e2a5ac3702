// The repository as text: every file of the working tree with its lines, and C++ with comments and
// strings blanked out, so that rules look at code only. Read once by a test, never changed.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace socketd::tidy {

struct SourceFile {
  std::string path;  // from the top of the repository, with '/'
  std::string text;
  std::string code;  // C++ only: as text, with comments and the contents of strings as blanks
  bool executable = false;

  bool is_cpp() const;
  std::string folder() const;  // "" at the top
};

// All files below `root`, sorted by path; what Bazel, git and package installers make is left out.
std::vector<SourceFile> ReadTree(const std::string& root);

// The top of the repository that this test was built from, found through its runfiles.
std::string RepositoryRoot();

// Comments and the contents of string and character literals become blanks; line ends stay.
std::string BlankedCpp(absl::string_view text);

}  // namespace socketd::tidy
