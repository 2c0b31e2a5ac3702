#include "server/unit/grammar.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/text.h"

namespace socketd {
namespace {

constexpr size_t kLongestShown = 200;

}  // namespace

absl::Status Expected(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_VALUE", absl::StrCat("expected ", what));
}

std::string Shown(absl::string_view text) {
  if (text.size() <= kLongestShown) return Quoted(text);
  size_t length = kLongestShown;
  // A byte 10xxxxxx goes on with a character (RFC 3629).
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;
  return absl::StrCat(Quoted(text.substr(0, length)), "...");
}

}  // namespace socketd
