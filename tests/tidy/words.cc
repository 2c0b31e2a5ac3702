// Words that have one home, or none.
#include <cctype>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "tests/tidy/rules.h"

namespace socketd::tidy {
namespace {

enum class Look { kCode, kText };  // code: comments and strings do not count

// Lists are words between bars. `where` and `except` are beginnings of paths; `except` is the home.
struct Rule {
  const char* words;
  Look look;
  const char* where;
  const char* except;
  const char* why;
};

constexpr Rule kRules[] = {
    {"absl::Now(|system_clock|steady_clock|high_resolution_clock|clock_gettime(|time(nullptr)",
     Look::kCode, "server/", "server/kernel/linux_|server/exec/|server/keeper/",
     "time comes from the turn; the kernel floor alone reads a clock"},
    {"fork(|vfork(|clone(|posix_spawn(|posix_spawnp(|popen(|system(", Look::kCode, "server/",
     "server/kernel/linux_birth", "processes are born in one place"},
    {"throw|try|catch", Look::kCode, "server/|cli/|tests/",
     "cli/command_line.cc|server/main/options.cc", "errors are values; CLI11 alone throws"},
    {"std::thread|std::jthread|std::async|pthread_create(", Look::kCode, "server/",
     "server/base/log.cc|server/api/|server/main/|server/kernel/linux_",
     "one thread owns all state"},
    {"sleep(|usleep(|nanosleep(|sleep_for|sleep_until|absl::SleepFor(", Look::kCode,
     "server/|cli/|tests/", "", "wait for an event"},
    {"int fd|int fd_|int fds[|int sock", Look::kCode, "server/",
     "server/base/fd.|server/kernel/linux_|server/exec/|server/keeper/",
     "a descriptor is an Fd: given by move, lent by reference"},
    {"errno", Look::kCode, "server/unit/|server/loop/|server/engine/", "",
     "no errno above the kernel floor"},
    {"std::mutex|std::lock_guard|absl::Mutex", Look::kCode,
     "server/unit/|server/engine/unit|server/engine/socket_|server/engine/service_|"
     "server/engine/target_|server/engine/job|server/engine/ports|server/engine/waits",
     "", "no lock guards a unit"},
    {"strerror(|localtime(|gmtime(|strtok(|getpwnam(|getpwuid(|getgrnam(|getgrgid(|setenv(",
     Look::kCode, "server/", "", "not safe beside other threads"},
    {"TODO", Look::kText, "server/|cli/|proto/|deploy/", "", "do it, or say it in README"},
    {"/root/", Look::kText, "server/|cli/|proto/|tests/|deploy/", "tests/tidy/words.cc",
     "no path of one machine"},
};

std::vector<absl::string_view> Items(const char* list) {
  return absl::StrSplit(list, '|', absl::SkipEmpty());
}

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool HasWord(absl::string_view line, absl::string_view word) {
  for (size_t at = line.find(word); at != absl::string_view::npos; at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !IsWordChar(word[0]) || !IsWordChar(line[at - 1]);
    const bool ends = end == line.size() || !IsWordChar(word.back()) || !IsWordChar(line[end]);
    if (begins && ends) return true;
  }
  return false;
}

bool Begins(const char* list, const SourceFile& file) {
  return absl::c_any_of(
      Items(list), [&](absl::string_view prefix) { return absl::StartsWith(file.path, prefix); });
}

bool Applies(const Rule& rule, const SourceFile& file) {
  if (rule.look == Look::kCode && !file.is_cpp()) return false;
  return Begins(rule.where, file) && !Begins(rule.except, file);
}

void CheckRule(const Rule& rule, const SourceFile& file, Faults& faults) {
  const std::string& text = rule.look == Look::kCode ? file.code : file.text;
  for (absl::string_view word : Items(rule.words)) {
    if (!absl::StrContains(text, word)) continue;
    int number = 0;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++number;
      if (HasWord(line, word))
        faults.push_back(absl::StrCat(file.path, ":", number, ": ", word, " (", rule.why, ")"));
    }
  }
}

// Names of types that say nothing about the thing.
bool SaysNothing(absl::string_view name) {
  return absl::c_any_of(Items("Manager|Handler|Helper|Impl|Util|Utils"),
                        [&](absl::string_view empty) { return absl::EndsWith(name, empty); });
}

void CheckNames(const SourceFile& file, Faults& faults) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(file.code, '\n')) {
    ++number;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" ;:{<"), absl::SkipEmpty());
    for (size_t i = 1; i < words.size(); ++i) {
      const bool type = words[i - 1] == "class" || words[i - 1] == "struct";
      if (type && SaysNothing(words[i]))
        faults.push_back(absl::StrCat(file.path, ":", number, ": ", words[i], " (name the noun)"));
    }
  }
}

}  // namespace

Faults CheckWords(const Tree& tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    for (const Rule& rule : kRules) {
      if (Applies(rule, file)) CheckRule(rule, file, faults);
    }
    if (file.is_cpp()) CheckNames(file, faults);
  }
  return faults;
}

}  // namespace socketd::tidy
