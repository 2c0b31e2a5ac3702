// Names and paths in values: users, groups, interfaces, descriptor names, directories, variables.
// Each check is OK or INVALID_ARGUMENT (BAD_VALUE) with what was expected. At Stage::kWritten a
// text with a specifier in it passes: it is checked again when the specifiers are expanded.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/unit/grammar.h"

namespace socketd {

// Absolute, not longer than PATH_MAX, without "..".
absl::Status CheckPath(absl::string_view path, Stage stage);

// The same, or a path below the run-time folder.
absl::Status CheckRuntimePath(absl::string_view path, Stage stage);

// The path without doubled slashes, "." parts and a slash at the end, as systemd cleans it.
std::string CleanPath(absl::string_view path);

// True for /var/run and what is below it, the old name of /run; RewriteVarRun gives the new one.
bool IsVarRun(absl::string_view path);
std::string RewriteVarRun(absl::string_view path);

// Relative, without "..": a folder below the run-time or state folder.
absl::Status CheckDirectoryName(absl::string_view path, Stage stage);

// A user's or group's name or number; nobody looks whether it exists.
absl::Status CheckUser(absl::string_view user, Stage stage);

// At most 255 printable ASCII characters without ":"; sd_listen_fds_with_names(3).
absl::Status CheckFdName(absl::string_view name, Stage stage);

// At most 15 characters, without "/", ":" and blanks; netdevice(7).
absl::Status CheckInterface(absl::string_view name);

// Letters, digits and "_", not beginning with a digit; environ(7).
bool IsVariableName(absl::string_view name);

// NAME=value.
absl::Status CheckEnvironmentEntry(absl::string_view entry, Stage stage);

// user.NAME=VALUE, the name of at most 255 bytes; xattr(7).
absl::Status CheckXattr(absl::string_view entry, Stage stage);

// What UnitName::Parse takes.
absl::Status CheckUnitName(absl::string_view name, Stage stage);

}  // namespace socketd
