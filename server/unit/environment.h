// Environments and the words made from them: EnvironmentFile= contents, and $VAR / ${VAR} in
// command lines; systemd.exec(5) and systemd.service(5), "Command lines".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
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
  // The value; nothing if there is none. Until the next change.
  std::optional<absl::string_view> Find(absl::string_view name) const;
  const std::vector<std::string>& Entries() const& { return entries_; }
  std::vector<std::string> Entries() && { return std::move(entries_); }

 private:
  // Where the entry of `name` is, or would be: at the end.
  size_t PlaceOf(absl::string_view name) const;

  std::vector<std::string> entries_;
};

// The lines of an environment file as systemd reads them: comments (# ;), quotes, continuation
// lines; lines that are no assignment to a variable are left out. INVALID_ARGUMENT
// (BAD_ENVIRONMENT_FILE) with the fact "file" for text with a NUL, that is not UTF-8, or that is
// larger than 1 MiB; `environment` is as it was then.
absl::Status ReadEnvironmentFile(absl::string_view file,
                                 absl::string_view text,
                                 Environment& environment);

// argv of a command, argv[0] included: an argument that is exactly $X becomes no argument (unset or
// blank) or the words of its value; ${X} inside a word is replaced by its value or nothing; $$ is a
// dollar sign. With the prefix ":" all stay as they are.
std::vector<std::string> ExpandArguments(const v1::Command& command,
                                         const Environment& environment);

}  // namespace socketd
