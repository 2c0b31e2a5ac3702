#include "server/main/take_over.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "server/engine/memory.h"
#include "server/main/version.h"

namespace socketd {
namespace {

int Refuse(const std::string& why) {
  std::fprintf(stderr, "socketd %s cannot take over: %s\n", kVersion, why.c_str());
  return EXIT_FAILURE;
}

constexpr size_t kMostMemory = size_t{1} << 32;
constexpr size_t kStep = size_t{1} << 20;

// A copy: who wrote it goes on writing, and what is read has to stay as it was checked. Parts that
// were never written are passed over. Empty: there is nothing yet.
absl::Span<char> CopyOf(int number) {
  struct stat status{};
  if (fstat(number, &status) != 0 || status.st_size == 0) return {};
  const size_t size = std::min(static_cast<size_t>(status.st_size), kMostMemory);
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return {};
  char* const bytes = static_cast<char*>(memory);
  const auto end = static_cast<off_t>(size);
  off_t at = lseek(number, 0, SEEK_DATA);
  while (at >= 0 && at < end) {
    const size_t wanted = std::min(kStep, static_cast<size_t>(end - at));
    const ssize_t length = pread(number, bytes + at, wanted, at);
    if (length <= 0) break;
    at = lseek(number, at + length, SEEK_DATA);
  }
  return absl::MakeSpan(bytes, size);
}

}  // namespace

int CheckTakeOver(const Origin& origin) {
  if (origin.refused != nullptr) return Refuse(origin.refused);
  if (!origin.taken_over()) return Refuse("no socketd runs this");
  const absl::StatusOr<Memory::Contents> found = Memory::Look(CopyOf(origin.baton->memory));
  if (!found.ok()) return Refuse(std::string(found.status().message()));
  std::printf("socketd %s can take over: keeper layout %u, memory layout %u, %zu units\n", kVersion,
              origin.baton->layout, found->layout, found->units);
  return EXIT_SUCCESS;
}

}  // namespace socketd
