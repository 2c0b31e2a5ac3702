// Units in words: states as operators know them, ages, causes. Plain functions; any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

#include "cli/printer.h"

#include "socketd/v1/unit.pb.h"

namespace socketd::cli {

// The (spelling) of an enum's number, as "start-limit-hit"; its name if it has none; "" for a zero
// without one.
std::string SpellingOf(const google::protobuf::EnumDescriptor& type, int number);

template <typename Enum>
std::string Spelling(Enum value) {
  return SpellingOf(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// "web.socket" of "units/web.socket".
std::string BareName(const v1::Unit& unit);

absl::Time TimeOf(const google::protobuf::Timestamp& stamp);

// The two largest units of a span: "3min 5s", "2days 4h"; "0s" for spans below a second and for
// negative ones (clocks of two machines differ).
std::string Age(absl::Duration span);

// "request by uid 0", "traffic on web.socket (127.0.0.1:4711)"; empty if unknown.
std::string CauseText(const v1::Cause& cause);

Tone ToneOf(v1::ActiveState state);
Tone ToneOf(v1::LoadState state);

}  // namespace socketd::cli
