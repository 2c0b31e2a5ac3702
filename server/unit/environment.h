// Environments and the words made from them: EnvironmentFile= contents, and $VAR / ${VAR} in
// command lines; systemd.exec(5) and systemd.service(5), "Command lines".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

namespace v1 {
class Command;
}

// Name to value; entries are "NAME=value", each name once, a later Set wins.
class Environment {
 public:
  void Set(absl::string_view name, absl::string_view value);
  // "NAME=value"; without '=' it is ignored.
  void SetEntry(absl::string_view entry);
  void Unset(absl::string_view name);
  // Null if there is none.
  const std::string* Find(absl::string_view name) const;
  std::vector<std::string> Entries() const;

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// The lines of an environment file: comments (# ;), quotes, continuation lines. A bad line is
// INVALID_ARGUMENT (BAD_ENVIRONMENT_FILE) with facts "file" and "line".
absl::Status ReadEnvironmentFile(absl::string_view file,
                                 absl::string_view text,
                                 Environment& environment);

// argv of a command, argv[0] included: an argument that is exactly $X becomes no argument (unset)
// or the words of its value; ${X} inside a word is replaced by its value.
std::vector<std::string> ExpandArguments(const v1::Command& command,
                                         const Environment& environment);

}  // namespace socketd
