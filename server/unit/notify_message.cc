#include "server/unit/notify_message.h"

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/text.h"
#include "server/unit/grammar_name.h"

namespace socketd {
namespace {

// Each reader is false for a value that its line must not have.

bool ReadFlag(absl::string_view value, bool& flag) {
  flag = flag || value == "1";
  return value == "1";
}

template <typename Number>
bool ReadNumber(absl::string_view value, std::optional<Number>& field) {
  Number number{};
  // SimpleAtoi takes signs and blanks; a sender that writes them means something else.
  const bool digits = value.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!digits || !absl::SimpleAtoi(value, &number) || number <= 0) return false;
  if (!field.has_value()) field = number;
  return true;
}

bool ReadMicroseconds(absl::string_view value, std::optional<absl::Duration>& field) {
  std::optional<int64_t> microseconds;
  if (!ReadNumber(value, microseconds)) return false;
  if (!field.has_value()) field = absl::Microseconds(*microseconds);
  return true;
}

bool ReadStatus(absl::string_view value, std::optional<std::string>& field) {
  if (!IsCleanUtf8(value)) return false;
  if (!field.has_value()) field = std::string(value);
  return true;
}

bool ReadName(absl::string_view value, std::optional<std::string>& field) {
  if (value.empty() || !CheckFdName(value, Stage::kExpanded).ok()) return false;
  if (!field.has_value()) field = std::string(value);
  return true;
}

bool ReadPoll(absl::string_view value, bool& field) {
  field = field && value != "0";
  return value == "0" || value == "1";
}

using Reader = bool (*)(absl::string_view value, NotifyMessage& message);

struct Row {
  absl::string_view name;
  Reader read;
};

constexpr Row kRows[] = {
    {"READY", [](absl::string_view v, NotifyMessage& m) { return ReadFlag(v, m.ready); }},
    {"RELOADING", [](absl::string_view v, NotifyMessage& m) { return ReadFlag(v, m.reloading); }},
    {"STOPPING", [](absl::string_view v, NotifyMessage& m) { return ReadFlag(v, m.stopping); }},
    {"FDSTORE", [](absl::string_view v, NotifyMessage& m) { return ReadFlag(v, m.store); }},
    {"FDSTOREREMOVE",
     [](absl::string_view v, NotifyMessage& m) { return ReadFlag(v, m.store_remove); }},
    {"FDNAME", [](absl::string_view v, NotifyMessage& m) { return ReadName(v, m.fd_name); }},
    {"FDPOLL", [](absl::string_view v, NotifyMessage& m) { return ReadPoll(v, m.fd_poll); }},
    {"STATUS", [](absl::string_view v, NotifyMessage& m) { return ReadStatus(v, m.status); }},
    {"MAINPID", [](absl::string_view v, NotifyMessage& m) { return ReadNumber(v, m.main_pid); }},
    {"MAINPIDFDID",
     [](absl::string_view v, NotifyMessage& m) { return ReadNumber(v, m.main_pidfd_id); }},
    {"ERRNO", [](absl::string_view v, NotifyMessage& m) { return ReadNumber(v, m.error); }},
    {"EXTEND_TIMEOUT_USEC",
     [](absl::string_view v, NotifyMessage& m) { return ReadMicroseconds(v, m.extended); }},
    {"MONOTONIC_USEC",
     [](absl::string_view v, NotifyMessage& m) { return ReadMicroseconds(v, m.sent_at); }},
    // A barrier that is not alone promises an order that nobody can keep.
    {"BARRIER", [](absl::string_view, NotifyMessage&) { return false; }},
};

bool ReadLine(absl::string_view line, NotifyMessage& message) {
  const size_t equals = line.find('=');
  if (equals == absl::string_view::npos || equals == 0) return false;
  const absl::string_view name = line.substr(0, equals);
  for (const Row& row : kRows)
    if (row.name == name) return row.read(line.substr(equals + 1), message);
  return true;
}

}  // namespace

NotifyMessage ParseNotifyMessage(absl::string_view text) {
  NotifyMessage message;
  // Some senders count the C string's end in.
  absl::ConsumeSuffix(&text, absl::string_view("\0", 1));
  if (text.size() > kNotifyMessageLimit || absl::StrContains(text, '\0')) {
    message.bad_lines = 1;
    return message;
  }
  if (absl::StripSuffix(text, "\n") == "BARRIER=1") {
    message.barrier = true;
    return message;
  }
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty()))
    if (!ReadLine(line, message)) ++message.bad_lines;
  return message;
}

}  // namespace socketd
