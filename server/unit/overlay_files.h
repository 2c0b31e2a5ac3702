// Unit files as they would be with some of them written or removed: what a loader finds there is
// what it will find on the disk afterwards. Holds what is different, and asks `below` for the rest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/unit/unit_loader.h"

namespace socketd {

class OverlayFiles final : public UnitFiles {
 public:
  // `below` outlives it.
  explicit OverlayFiles(UnitFiles& below) : below_(below) {}

  void Write(const std::string& path, std::string text) { files_[path] = std::move(text); }
  void Remove(const std::string& path) { files_[path] = std::nullopt; }

  absl::StatusOr<std::string> Read(const std::string& path) override;
  std::string StampOf(const std::string& path) override;
  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override;

 private:
  UnitFiles& below_;
  std::map<std::string, std::optional<std::string>> files_;  // by path; nothing: removed
};

}  // namespace socketd
