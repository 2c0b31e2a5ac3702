#include "server/main/kernel_files.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "server/unit/unit_file.h"

namespace socketd {

absl::StatusOr<std::string> KernelFiles::Read(const std::string& path) {
  return kernel_.ReadFile(path, kLargestUnitFile);
}

std::string KernelFiles::StampOf(const std::string& path) {
  const absl::StatusOr<FileStamp> stamp = kernel_.StampOf(path);
  if (!stamp.ok()) return "";
  return absl::StrCat(stamp->device, ":", stamp->inode, ":", stamp->size, ":",
                      absl::ToUnixNanos(stamp->modified));
}

absl::StatusOr<std::vector<UnitFiles::Entry>> KernelFiles::List(const std::string& directory) {
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = kernel_.ListDirectory(directory);
  if (!entries.ok()) return entries.status();
  std::vector<Entry> result;
  result.reserve(entries->size());
  for (const DirectoryEntry& entry : *entries) {
    result.push_back({entry.name, entry.kind == DirectoryEntry::Kind::kDirectory,
                      entry.kind == DirectoryEntry::Kind::kSymlink, entry.target});
  }
  return result;
}

}  // namespace socketd
