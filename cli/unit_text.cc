#include "cli/unit_text.h"

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "socketd/v1/schema.pb.h"

namespace socketd::cli {
namespace {

struct Span {
  std::int64_t seconds = 0;
  absl::string_view name;
};

constexpr std::array<Span, 4> kSpans = {{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};

}  // namespace

std::string SpellingOf(const google::protobuf::EnumDescriptor& type, int number) {
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat(number);
  const std::string& spelling = value->options().GetExtension(v1::spelling);
  if (!spelling.empty() || number == 0) return spelling;
  return value->name();
}

std::string BareName(const v1::Unit& unit) {
  return std::string(absl::StripPrefix(unit.name(), "units/"));
}

absl::Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

std::string Age(absl::Duration span) {
  std::int64_t seconds = absl::ToInt64Seconds(span);
  std::string text;
  int words = 0;
  for (const Span& unit : kSpans) {
    if (seconds < unit.seconds || words == 2) continue;
    absl::StrAppend(&text, words == 0 ? "" : " ", seconds / unit.seconds, unit.name);
    seconds %= unit.seconds;
    ++words;
  }
  return text.empty() ? "0s" : text;
}

std::string CauseText(const v1::Cause& cause) {
  std::string text = Spelling(cause.kind());
  if (!cause.unit().empty()) {
    absl::StrAppend(&text, cause.kind() == v1::Cause::KIND_TRAFFIC ? " on " : " of ", cause.unit());
  }
  if (cause.detail().empty()) return text;
  const bool asker = cause.kind() == v1::Cause::KIND_REQUEST;
  return asker ? absl::StrCat(text, " by ", cause.detail())
               : absl::StrCat(text, " (", cause.detail(), ")");
}

Tone ToneOf(v1::ActiveState state) {
  switch (state) {
    case v1::ACTIVE_STATE_ACTIVE:
      return Tone::kGood;
    case v1::ACTIVE_STATE_FAILED:
      return Tone::kBad;
    case v1::ACTIVE_STATE_ACTIVATING:
    case v1::ACTIVE_STATE_RELOADING:
    case v1::ACTIVE_STATE_DEACTIVATING:
      return Tone::kBusy;
    default:
      return Tone::kPlain;
  }
}

Tone ToneOf(v1::LoadState state) {
  const bool fine = state == v1::LOAD_STATE_LOADED || state == v1::LOAD_STATE_UNSPECIFIED;
  return fine ? Tone::kPlain : Tone::kBad;
}

}  // namespace socketd::cli
