// One daemon per run-time folder: a lock that the kernel takes back when the process ends, however
// it ends. The file holds the process id, for whoever is refused.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace socketd {

class LockFile {
 public:
  // FAILED_PRECONDITION (ALREADY_RUNNING; fact pid) if another daemon holds it.
  static absl::StatusOr<LockFile> Take(const std::string& path);
  // One that another program in this process has taken; `number` is its descriptor.
  // FAILED_PRECONDITION (LOCK_LOST) if that is not open.
  static absl::StatusOr<LockFile> Adopt(int number);

  int number() const { return fileno(file_.get()); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit LockFile(std::FILE* file) : file_(file) {}

  // Stays, locked, until the end; the file does too: removing it would let two hold two files.
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace socketd
