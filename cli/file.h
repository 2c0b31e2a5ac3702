// The few files that socketctl touches: unit files it is given, and the one an editor changes.
// Blocking; main thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd::cli {

// No unit file is larger: the daemon refuses more, and nobody should send it a disk by mistake.
inline constexpr size_t kMaxTextBytes = size_t{1} << 20;

// The text of a file. FAILED_PRECONDITION: it cannot be read, or has more than kMaxTextBytes.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

// The same for a stream; `name` is for the message.
absl::StatusOr<std::string> ReadText(std::istream& in, absl::string_view name);

// Whether there is a folder.
bool IsFolder(const std::string& path);
// The names in a folder, sorted.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);

// A new file of our own, readable for us only, in $TMPDIR or /tmp; its name ends with `suffix`.
absl::StatusOr<std::string> NewPrivateFile(const std::string& folder,
                                           const std::string& suffix,
                                           absl::string_view text);

// Runs `command` (words for a shell) with the file as its last argument and waits for its end.
// FAILED_PRECONDITION: it could not be run, or did not end with success.
absl::Status Edit(const std::string& command, const std::string& path);

// "web.socket" of "a/b/web.socket".
absl::string_view BaseName(absl::string_view path);

}  // namespace socketd::cli
