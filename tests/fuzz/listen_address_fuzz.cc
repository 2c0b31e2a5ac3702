// An address that is understood has a text, and that text is understood as the same address.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "server/base/check.h"
#include "server/unit/listen_address.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const auto address = socketd::ParseListenAddress(input);
  if (!address.ok()) return 0;
  const std::string text = ToText(*address);
  CHECK(!text.empty());
  // Text shows bytes that are no text in another way; only plain names come back.
  const auto plain = [](char c) { return c > ' ' && c < '\x7F' && !absl::StrContains("\\\"'", c); };
  if (!std::all_of(input.begin(), input.end(), plain)) return 0;
  const auto again = socketd::ParseListenAddress(text);
  CHECK(again.ok() && ToText(*again) == text);
  for (auto kind : {socketd::ListenKind::kStream, socketd::ListenKind::kSequentialPacket,
                    socketd::ListenKind::kFifo}) {
    CHECK(CheckListenKind(kind, *address).ok() == CheckListenKind(kind, *again).ok());
  }
  return 0;
}
