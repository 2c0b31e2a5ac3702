// Values that are a path with something around it: standard streams ("append:/var/log/x"),
// environment files ("-/etc/default/x"), working directories ("-~"); systemd.exec(5).
// INVALID_ARGUMENT (BAD_VALUE) says what was expected.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/unit/grammar.h"

namespace socketd {

namespace v1 {
class EnvironmentFile;
class StandardStream;
class WorkingDirectory;
}  // namespace v1

enum class Direction { kInput, kOutput };

absl::StatusOr<v1::StandardStream> ParseStream(absl::string_view text,
                                               Direction direction,
                                               Stage stage);
std::string FormatStream(const v1::StandardStream& stream);

absl::StatusOr<v1::EnvironmentFile> ParseEnvironmentFile(absl::string_view text, Stage stage);
std::string FormatEnvironmentFile(const v1::EnvironmentFile& file);

absl::StatusOr<v1::WorkingDirectory> ParseWorkingDirectory(absl::string_view text, Stage stage);
std::string FormatWorkingDirectory(const v1::WorkingDirectory& directory);

}  // namespace socketd
