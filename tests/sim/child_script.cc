#include "tests/sim/child_script.h"

#include <signal.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"

namespace socketd::sim {
namespace {

using Words = std::vector<std::string>;

struct NamedStep {
  absl::string_view name;
  int status = 0;
  int error = 0;
};

constexpr std::array<NamedStep, 14> kSteps = {{
    {"chdir", 200, ENOENT},
    {"nice", 201, EPERM},
    {"fds", 202, EBADF},
    {"exec", 203, ENOENT},
    {"limits", 205, EPERM},
    {"oom-adjust", 206, EACCES},
    {"signal-mask", 207, EINVAL},
    {"stdin", 208, ENOENT},
    {"stdout", 209, ENOENT},
    {"group", 216, EPERM},
    {"user", 217, EPERM},
    {"cgroup", 219, EACCES},
    {"setsid", 220, EPERM},
    {"stderr", 222, ENOENT},
}};

absl::Status BadPhrase(absl::string_view phrase) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_SCRIPT",
               absl::StrCat("no such phrase: ", phrase), {{"phrase", std::string(phrase)}});
}

// The words of a phrase; what is in double quotes is one word.
Words SplitWords(absl::string_view phrase) {
  Words words;
  std::string word;
  bool quoted = false;
  for (const char c : phrase) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '(' || c == ')')) {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

// Takes "<key> <span>" off the end. False if the span is none.
bool TakeSpan(Words& words, absl::string_view key, absl::Duration& span) {
  if (words.size() < 2 || words[words.size() - 2] != key) return true;
  if (!absl::ParseDuration(words.back(), &span)) return false;
  words.resize(words.size() - 2);
  return true;
}

bool StartsWith(const Words& words, std::initializer_list<absl::string_view> wanted) {
  if (words.size() < wanted.size()) return false;
  size_t at = 0;
  for (absl::string_view word : wanted) {
    if (words[at++] != word) return false;
  }
  return true;
}

std::string Notification(const std::string& word) {
  if (word == "ready") return "READY=1";
  if (word == "stopping") return "STOPPING=1";
  if (word == "reloading") return "RELOADING=1";
  return word;
}

bool ParseTrait(const Words& words, absl::Duration after, ChildScript& script) {
  if (words.size() == 2 && words[0] == "ignores") {
    script.reactions[SignalNumber(words[1])] = Reaction{};
    return SignalNumber(words[1]) != 0;
  }
  if (words.size() == 4 && words[0] == "exits" && words[2] == "on") {
    int status = 0;
    if (!absl::SimpleAtoi(words[1], &status) || SignalNumber(words[3]) == 0) return false;
    script.reactions[SignalNumber(words[3])] = Reaction{true, status, after};
    return true;
  }
  if (words.size() == 3 && words[0] == "fails" && words[1] == "at") {
    script.failing_step = words[2];
    for (const NamedStep& step : kSteps) {
      if (step.name != words[2]) continue;
      script.failing_status = step.status;
      script.failing_errno = step.error;
    }
    return script.failing_status != 0;
  }
  return false;
}

// Phrases of one word after their verb.
bool ParseEnding(const Words& words, Step& step) {
  if (StartsWith(words, {"exits"}) && words.size() == 2) {
    step.action = Step::Do::kExit;
    return absl::SimpleAtoi(words[1], &step.number);
  }
  if (StartsWith(words, {"dies", "by", "signal"}) && words.size() == 4) {
    step.action = Step::Do::kDie;
    step.number = SignalNumber(words[3]);
    return step.number != 0;
  }
  if (StartsWith(words, {"dumps", "core", "by", "signal"}) && words.size() == 5) {
    step.action = Step::Do::kDump;
    step.number = SignalNumber(words[4]);
    return step.number != 0;
  }
  if (words == Words{"hangs"}) {
    step.action = Step::Do::kHang;
    return true;
  }
  if (StartsWith(words, {"waits"}) && words.size() == 2) {
    step.action = Step::Do::kWait;
    return absl::ParseDuration(words[1], &step.after);
  }
  return false;
}

bool ParseTalk(const Words& words, Step& step) {
  if (words.size() == 2 && (words[0] == "says" || words[0] == "logs")) {
    step.action = words[0] == "says" ? Step::Do::kSay : Step::Do::kLog;
    step.text = words[0] == "says" ? Notification(words[1]) : words[1];
    return true;
  }
  if (words.size() >= 2 && words[0] == "forks") {
    step.action = Step::Do::kFork;
    step.number = words[1] == "detached" ? 1 : 0;
    step.text = words.back();
    return absl::StartsWith(step.text, "/");
  }
  if (StartsWith(words, {"writes"}) && absl::StartsWith(words.back(), "/")) {
    step.action = Step::Do::kWritePid;
    step.number = words[1] == "forked" ? 1 : 0;
    step.text = words.back();
    return true;
  }
  return false;
}

bool ParseTraffic(const Words& words, Step& step) {
  if (words == Words{"accepts", "all"}) {
    step.action = Step::Do::kAccept;
    return true;
  }
  if (StartsWith(words, {"accepts"}) && words.size() == 3) {
    step.action = Step::Do::kAccept;
    return absl::SimpleAtoi(words[1], &step.number) && step.number > 0;
  }
  if (words == Words{"serves"}) {
    step.action = Step::Do::kServe;
    return true;
  }
  if (StartsWith(words, {"serves", "until", "idle"}) && words.size() == 4) {
    step.action = Step::Do::kServe;
    return absl::ParseDuration(words[3], &step.idle);
  }
  if (words == Words{"breaks", "ports"}) {
    step.action = Step::Do::kBreak;
    return true;
  }
  return false;
}

bool ParseStore(Words words, Step& step) {
  if (words.size() == 2 &&
      (words[0] == "unstores" || words[0] == "closes" || words[0] == "passes")) {
    step.action = words[0] == "unstores" ? Step::Do::kUnstore
                  : words[0] == "closes" ? Step::Do::kClose
                                         : Step::Do::kPass;
    step.text = words[1];
    return true;
  }
  if (!StartsWith(words, {"stores"})) return false;
  step.action = Step::Do::kStore;
  step.number = 1;
  step.unpolled = words.back() == "unpolled";
  if (step.unpolled) words.pop_back();
  if (words.size() > 2 && absl::SimpleAtoi(words[1], &step.number)) words.erase(words.begin() + 1);
  if (words.size() == 3) step.kind = words[1];
  step.text = words.back();
  const bool known = step.kind.empty() || step.kind == "pipe" || step.kind == "passed" ||
                     step.kind == "again" || step.kind == "vainly";
  return known && (words.size() == 2 || words.size() == 3);
}

absl::StatusOr<ChildScript> ParseScript(absl::string_view text) {
  ChildScript script;
  for (absl::string_view phrase : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    Words words = SplitWords(phrase);
    Step step;
    if (!TakeSpan(words, "after", step.after) || words.empty()) return BadPhrase(phrase);
    if (ParseTrait(words, step.after, script)) continue;
    if (!ParseEnding(words, step) && !ParseTalk(words, step) && !ParseTraffic(words, step) &&
        !ParseStore(words, step)) {
      return BadPhrase(phrase);
    }
    script.steps.push_back(std::move(step));
  }
  return script;
}

}  // namespace

absl::StatusOr<std::vector<ChildScript>> ParseScripts(absl::string_view text) {
  std::vector<ChildScript> scripts;
  for (absl::string_view part : absl::StrSplit(text, ';')) {
    auto script = ParseScript(part);
    if (!script.ok()) return script.status();
    scripts.push_back(*std::move(script));
  }
  return scripts;
}

int SignalNumber(absl::string_view name) {
  static constexpr std::array<std::pair<absl::string_view, int>, 12> kSignals = {{
      {"hup", SIGHUP},
      {"int", SIGINT},
      {"quit", SIGQUIT},
      {"abrt", SIGABRT},
      {"kill", SIGKILL},
      {"usr1", SIGUSR1},
      {"segv", SIGSEGV},
      {"usr2", SIGUSR2},
      {"pipe", SIGPIPE},
      {"term", SIGTERM},
      {"cont", SIGCONT},
      {"stop", SIGSTOP},
  }};
  int number = 0;
  if (absl::SimpleAtoi(name, &number)) return number > 0 && number <= 64 ? number : 0;
  std::string lower = absl::AsciiStrToLower(name);
  for (const auto& [word, value] : kSignals) {
    if (absl::StripPrefix(lower, "sig") == word) return value;
  }
  return 0;
}

absl::string_view StaticStep(absl::string_view step) {
  for (const NamedStep& named : kSteps) {
    if (named.name == step) return named.name;
  }
  return {};
}

int StatusOfStep(absl::string_view step) {
  for (const NamedStep& named : kSteps) {
    if (named.name == step) return named.status;
  }
  return 0;
}

}  // namespace socketd::sim
