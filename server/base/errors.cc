#include "server/base/errors.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace socketd {
namespace {

constexpr absl::string_view kPayload = "socketd/error";
constexpr absl::string_view kReasonKey = "";  // the first line; facts never have an empty key
constexpr absl::string_view kErrnoNumber = "errno_number";

using Lines = std::map<std::string, std::string>;

Lines Decode(const absl::Status& status) {
  Lines lines;
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return lines;
  for (absl::string_view line : absl::StrSplit(std::string(*payload), '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    std::string value;
    if (absl::CUnescape(parts.second, &value)) lines.emplace(parts.first, std::move(value));
  }
  return lines;
}

void Encode(const Lines& lines, absl::Status& status) {
  std::string text;
  for (const auto& [key, value] : lines) {
    absl::StrAppend(&text, key, "=", absl::CEscape(value), "\n");
  }
  status.SetPayload(kPayload, absl::Cord(text));
}

}  // namespace

absl::Status Error(absl::StatusCode code,
                   absl::string_view reason,
                   absl::string_view message,
                   std::initializer_list<Fact> facts) {
  absl::Status status(code, message);
  Lines lines;
  lines.emplace(kReasonKey, reason);
  for (const Fact& fact : facts)
    lines.emplace(fact.key, fact.value);
  Encode(lines, status);
  return status;
}

absl::Status ShuttingDown() {
  return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the daemon is shutting down");
}

absl::Status SystemError(int error,
                         absl::string_view call,
                         std::initializer_list<Fact> facts,
                         absl::string_view reason) {
  std::string message = absl::StrCat(call, ": ", strerrordesc_np(error));
  for (const Fact& fact : facts)
    absl::StrAppend(&message, " (", fact.key, " ", fact.value, ")");
  absl::Status status = Error(absl::ErrnoToStatusCode(error), reason, message, facts);
  return WithFacts(std::move(status), {{"call", std::string(call)},
                                       {"errno", ErrnoName(error)},
                                       {kErrnoNumber, absl::StrCat(error)}});
}

absl::Status WithFacts(absl::Status status, std::initializer_list<Fact> facts) {
  if (status.ok()) return status;
  Lines lines = Decode(status);
  for (const Fact& fact : facts)
    lines.emplace(fact.key, fact.value);
  Encode(lines, status);
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const Lines lines = Decode(status);
  const auto found = lines.find(std::string(kReasonKey));
  return found == lines.end() ? std::string() : found->second;
}

std::map<std::string, std::string> FactsOf(const absl::Status& status) {
  Lines lines = Decode(status);
  lines.erase(std::string(kReasonKey));
  lines.erase(std::string(kErrnoNumber));
  return lines;
}

int ErrnoOf(const absl::Status& status) {
  const Lines lines = Decode(status);
  const auto found = lines.find(std::string(kErrnoNumber));
  int number = 0;
  if (found == lines.end() || !absl::SimpleAtoi(found->second, &number)) return 0;
  return number;
}

std::string ErrnoName(int error) {
  const char* name = strerrorname_np(error);  // glibc 2.32, strerror(3)
  return name != nullptr ? name : absl::StrCat("errno ", error);
}

bool IsResourceShortage(const absl::Status& status) {
  switch (ErrnoOf(status)) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case ENOSPC:
      return true;
    default:
      return false;
  }
}

}  // namespace socketd
