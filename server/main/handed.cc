#include "server/main/handed.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/kernel/linux_deposit.h"

namespace socketd {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kMostLives = 100'000'000;
constexpr absl::string_view kBagPrefix = "socketd-bags-";

int NumberIn(const char* variable) {
  const char* const text = std::getenv(variable);
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : 0;
}

std::vector<std::string> NamesIn(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return {};
  return absl::StrSplit(text, ':');
}

// 0: it is no bag of ours.
int LifeOf(absl::string_view name) {
  int life = 0;
  const bool ours = absl::ConsumePrefix(&name, kBagPrefix) && absl::SimpleAtoi(name, &life);
  return ours && life > 0 && life < kMostLives ? life : 0;
}

// Whoever has it mapped must not be torn off it: memfd_create(2), F_SEAL_SHRINK.
bool IsMemory(int number) {
  const int seals = fcntl(number, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

void Sort(int number, absl::string_view name, Handed& handed) {
  if (const int life = LifeOf(name); life != 0) {
    handed.life = std::max(handed.life, life);
    for (UniqueFd& fd : Deposit::Empty(number))
      handed.numbers->Add(fd.release());
    close(number);
  } else if (name == kMemoryName && handed.memory < 0 && IsMemory(number)) {
    handed.memory = number;
  } else {
    handed.numbers->Add(number);
  }
}

}  // namespace

std::string BagName(int life) {
  return absl::StrCat(kBagPrefix, life);
}

Handed TakeHanded() {
  Handed handed;
  const bool ours = NumberIn("LISTEN_PID") == getpid();
  const int count = ours ? std::min(NumberIn("LISTEN_FDS"), Numbers::kMost - kFirst) : 0;
  const std::vector<std::string> names = NamesIn("LISTEN_FDNAMES");
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"})
    unsetenv(variable);
  if (count <= 0) return handed;
  handed.numbers = std::make_unique<Numbers>();
  // First of all: what a bag gives back takes numbers that are free.
  for (int number = kFirst; number < kFirst + count; ++number)
    fcntl(number, F_SETFD, FD_CLOEXEC);
  for (int i = 0; i < count; ++i) {
    const size_t index = static_cast<size_t>(i);
    Sort(kFirst + i, index < names.size() ? names[index] : "", handed);
  }
  return handed;
}

}  // namespace socketd
