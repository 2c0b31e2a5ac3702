// The first line is a unit's name, the rest a text. Text whose percent signs are doubled comes out
// as it was; text without any stays.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

#include "server/base/check.h"
#include "server/unit/specifiers.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  const absl::string_view text =
      end == absl::string_view::npos ? absl::string_view() : input.substr(end + 1);
  const auto name = socketd::UnitName::Parse(input.substr(0, end));
  if (!name.ok()) return 0;
  const socketd::Surroundings around;
  const auto expanded = socketd::ExpandSpecifiers(text, *name, around);
  CHECK(!expanded.ok() || text.find('%') != absl::string_view::npos || *expanded == text);
  const auto literal =
      socketd::ExpandSpecifiers(absl::StrReplaceAll(text, {{"%", "%%"}}), *name, around);
  CHECK(literal.ok() && *literal == text);
  CHECK(socketd::UnescapeFromUnitName(socketd::EscapeForUnitName(text)) == text);
  return 0;
}
