// Unit files as the loader reads them, from the kernel.
#pragma once

#include <string>
#include <vector>

#include "server/kernel/kernel.h"
#include "server/unit/unit_loader.h"

namespace socketd {

class KernelFiles final : public UnitFiles {
 public:
  explicit KernelFiles(Kernel& kernel) : kernel_(kernel) {}

  absl::StatusOr<std::string> Read(const std::string& path) override;
  std::string StampOf(const std::string& path) override;
  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override;

 private:
  Kernel& kernel_;
};

}  // namespace socketd
