// An address that is understood has a text, and that text is understood as the same address.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "server/base/check.h"
#include "server/unit/listen_address.h"

namespace {

void Try(socketd::ListenKind kind, absl::string_view input) {
  const auto address = socketd::ParseListenAddress(kind, input);
  if (!address.ok()) return;
  const std::string text = ToText(*address);
  CHECK(!text.empty());
  // Text shows bytes that are no text in another way; only plain names come back.
  const auto plain = [](char c) { return c > ' ' && c < '\x7F' && !absl::StrContains("\\\"'", c); };
  if (!std::all_of(input.begin(), input.end(), plain)) return;
  const auto again = socketd::ParseListenAddress(kind, text);
  CHECK(again.ok() && ToText(*again) == text);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  for (int kind = 0; kind <= static_cast<int>(socketd::ListenKind::kUsbFunction); ++kind)
    Try(static_cast<socketd::ListenKind>(kind), input);
  return 0;
}
