#include "server/main/handed.h"

#include <fcntl.h>
#include <sys/resource.h>
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

// More may be handed over than are allowed to be open at the start of a service.
class WideLimit {
 public:
  WideLimit() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit wide{before_.rlim_max, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &wide);
  }
  ~WideLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  WideLimit(const WideLimit&) = delete;
  WideLimit& operator=(const WideLimit&) = delete;

 private:
  rlimit before_{};
};

void Sort(int number, absl::string_view name, Handed& handed, std::vector<Deposit::Item>& items) {
  if (const int life = LifeOf(name); life != 0) {
    handed.life = std::max(handed.life, life);
    handed.first_life = handed.first_life == 0 ? life : std::min(handed.first_life, life);
    for (Deposit::Item& item : Deposit::Look(number))
      items.push_back(std::move(item));
    close(number);
  } else if (name == kMemoryName && handed.memory < 0 && IsMemory(number)) {
    handed.memory = number;
  } else {
    handed.numbers->Add(number);
  }
}

// What strangers had sent is known by its number as well: it gets it back. Nothing else is there
// yet; all others are out of the way.
void Place(std::vector<Deposit::Item>& items, Handed& handed) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto high = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, Numbers::kMost) / 2);
  for (Deposit::Item& item : items) {
    if (const int moved = fcntl(item.fd.get(), F_DUPFD_CLOEXEC, high); moved >= 0)
      item.fd.reset(moved);
  }
  if (handed.memory >= 0) {
    const int moved = fcntl(handed.memory, F_DUPFD_CLOEXEC, high);
    if (moved >= 0) close(std::exchange(handed.memory, moved));
  }
  for (Deposit::Item& item : items) {
    if (item.id != 0) {
      // A second copy is of no use, and nobody could tell it from what is ours.
      const int number = Arrivals::NumberOf(item.id);
      const bool free = fcntl(number, F_GETFD) < 0;
      if (!free || dup3(item.fd.get(), number, O_CLOEXEC) != number) continue;
      item.fd.reset(number);
      handed.kept.push_back(item.id);
    }
    handed.numbers->Add(item.fd.release());
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
  const WideLimit wide;
  std::vector<Deposit::Item> items;
  for (int i = 0; i < count; ++i) {
    const size_t index = static_cast<size_t>(i);
    Sort(kFirst + i, index < names.size() ? names[index] : "", handed, items);
  }
  Place(items, handed);
  return handed;
}

}  // namespace socketd
