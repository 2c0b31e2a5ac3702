// Small files and folders: unit files, kept state, symbolic links. Engine thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"

namespace socketd {

absl::StatusOr<std::string> ReadRegularFile(const std::string& path, size_t limit);
absl::StatusOr<FileStamp> StampOfFile(const std::string& path);
absl::StatusOr<PathFacts> FactsOfPath(const std::string& path);
absl::StatusOr<std::vector<DirectoryEntry>> ListFolder(const std::string& path);
absl::Status ReplaceFile(const std::string& path, absl::string_view text);
absl::Status LinkTo(const std::string& target, const std::string& path);
absl::Status RemoveIf(const std::string& path, uint64_t node);

}  // namespace socketd
