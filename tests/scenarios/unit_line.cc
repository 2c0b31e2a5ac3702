#include "tests/scenarios/unit_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/errors.h"

namespace socketd::sim {
namespace {

constexpr std::array<absl::string_view, 19> kUnitKeys = {"Description",
                                                         "Requires",
                                                         "Wants",
                                                         "Requisite",
                                                         "BindsTo",
                                                         "PartOf",
                                                         "Conflicts",
                                                         "Before",
                                                         "After",
                                                         "OnFailure",
                                                         "DefaultDependencies",
                                                         "StopWhenUnneeded",
                                                         "StartLimitIntervalSec",
                                                         "StartLimitBurst",
                                                         "Documentation",
                                                         "RefuseManualStart",
                                                         "RefuseManualStop",
                                                         "RequiresMountsFor",
                                                         "CollectMode"};

// Spellings that do not follow from the words.
constexpr std::array<std::pair<absl::string_view, absl::string_view>, 12> kShort = {{
    {"exec", "ExecStart"},
    {"timeout", "TimeoutSec"},
    {"timeout-start", "TimeoutStartSec"},
    {"timeout-stop", "TimeoutStopSec"},
    {"restart-delay", "RestartSec"},
    {"pid-file", "PIDFile"},
    {"trigger-interval", "TriggerLimitIntervalSec"},
    {"start-limit-interval", "StartLimitIntervalSec"},
    {"bind-ipv6-only", "BindIPv6Only"},
    {"umask", "UMask"},
    {"send-sigkill", "SendSIGKILL"},
    {"send-sighup", "SendSIGHUP"},
}};

constexpr std::array<std::pair<absl::string_view, absl::string_view>, 8> kListen = {{
    {"tcp:", "ListenStream"},
    {"udp:", "ListenDatagram"},
    {"unix:", "ListenStream"},
    {"seqpacket:", "ListenSequentialPacket"},
    {"fifo:", "ListenFIFO"},
    {"special:", "ListenSpecial"},
    {"netlink:", "ListenNetlink"},
    {"queue:", "ListenMessageQueue"},
}};

std::string Directive(absl::string_view key) {
  for (const auto& [word, directive] : kShort) {
    if (word == key) return std::string(directive);
  }
  if (absl::ascii_isupper(static_cast<unsigned char>(key[0]))) return std::string(key);
  std::string directive;
  for (absl::string_view word : absl::StrSplit(key, '-')) {
    std::string part(word);
    if (!part.empty()) part[0] = absl::ascii_toupper(static_cast<unsigned char>(part[0]));
    directive += part;
  }
  return directive;
}

absl::Status BadWord(absl::string_view word) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_SCENARIO",
               absl::StrCat("expected KEY=VALUE, got ", word));
}

absl::StatusOr<std::string> ListenLine(const std::string& value) {
  for (const auto& [kind, directive] : kListen) {
    if (absl::StartsWith(value, kind)) {
      return absl::StrCat(directive, "=", value.substr(kind.size()), "\n");
    }
  }
  return BadWord(value);
}

}  // namespace

std::vector<std::string> SplitWords(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(std::exchange(word, {}));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

absl::StatusOr<std::string> UnitText(const std::string& unit,
                                     const std::vector<std::string>& words,
                                     const std::vector<std::string>& body) {
  std::string common;
  std::string own;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos) return BadWord(word);
    const std::string value = word.substr(equals + 1);
    if (word.substr(0, equals) == "listen") {
      auto line = ListenLine(value);
      if (!line.ok()) return line.status();
      own += *line;
      continue;
    }
    const std::string directive = Directive(word.substr(0, equals));
    const bool is_common =
        std::find(kUnitKeys.begin(), kUnitKeys.end(), directive) != kUnitKeys.end() ||
        absl::StartsWith(directive, "Condition") || absl::StartsWith(directive, "Assert");
    absl::StrAppend(is_common ? &common : &own, directive, "=", value, "\n");
  }
  std::string section = unit.substr(unit.rfind('.') + 1);
  section[0] = absl::ascii_toupper(static_cast<unsigned char>(section[0]));
  std::string text = absl::StrCat("[Unit]\n", common);
  if (section != "Target") absl::StrAppend(&text, "[", section, "]\n", own);
  for (const std::string& line : body)
    absl::StrAppend(&text, line, "\n");
  return text;
}

}  // namespace socketd::sim
