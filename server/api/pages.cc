#include "server/api/pages.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/api/limits.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

// FNV-1a: the same in every run, so that a token outlives a restart of the daemon.
std::string MarkOf(absl::string_view question) {
  uint64_t hash = 14695981039346656037U;
  for (const char c : question)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16), ":");
}

}  // namespace

std::string MakePageToken(absl::string_view last_name, absl::string_view question) {
  return absl::WebSafeBase64Escape(absl::StrCat(MarkOf(question), last_name));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view token, absl::string_view question) {
  std::string text;
  if (token.empty()) return text;
  const bool decoded = absl::WebSafeBase64Unescape(token, &text);
  absl::string_view name = text;
  if (!decoded || !absl::ConsumePrefix(&name, MarkOf(question))) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
                 "page_token is not from a page of the same question; start without one",
                 {{"field", "page_token"}});
  }
  return std::string(name);
}

absl::StatusOr<int> PageSize(int asked) {
  if (asked < 0) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_PAGE_SIZE",
                 absl::StrCat("page_size is ", asked, "; 0 or more is expected"),
                 {{"field", "page_size"}});
  }
  return asked == 0 ? kPageSizeDefault : std::min(asked, kPageSizeLimit);
}

}  // namespace socketd
