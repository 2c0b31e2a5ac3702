#include "server/base/text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace socketd {
namespace {

bool NeedsQuotes(char c) {
  return c == ' ' || c == '"' || c == '\'' || c == '\\' || c == '=' || absl::ascii_iscntrl(c);
}

// The length of the UTF-8 sequence that starts with `lead`; 0 if none does (RFC 3629).
size_t SequenceLength(uint8_t lead) {
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if ((lead & 0xF0) == 0xE0) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
bool SecondByteFits(uint8_t lead, uint8_t second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

}  // namespace

std::string Quoted(absl::string_view value) {
  const bool is_plain = std::none_of(value.begin(), value.end(), NeedsQuotes);
  if (!value.empty() && is_plain && IsCleanUtf8(value)) return std::string(value);
  return absl::StrCat("\"", absl::CEscape(value), "\"");
}

size_t EditDistance(absl::string_view left, absl::string_view right, size_t limit) {
  if (left.size() > right.size()) std::swap(left, right);
  if (right.size() - left.size() > limit) return limit + 1;
  std::vector<size_t> row(left.size() + 1);
  for (size_t i = 0; i < row.size(); ++i)
    row[i] = i;
  for (size_t j = 0; j < right.size(); ++j) {
    // Further than `limit` from the diagonal, each path is longer than that.
    const size_t begin = j > limit ? j - limit : 0;
    const size_t end = std::min(left.size(), j + limit + 1);
    size_t diagonal = row[begin];
    row[begin] = begin == 0 ? j + 1 : limit + 1;
    size_t shortest = row[begin];
    for (size_t i = begin; i < end; ++i) {
      const size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[i + 1];
      row[i + 1] = std::min({replaced, row[i] + 1, row[i + 1] + 1});
      shortest = std::min(shortest, row[i + 1]);
    }
    // No path to the end can be shorter than the shortest so far.
    if (shortest > limit) return limit + 1;
  }
  return std::min(row.back(), limit + 1);
}

size_t CleanLength(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t length = SequenceLength(lead);
    if (length == 0 || i + length > text.size()) return i;
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80 || (k == 1 && !SecondByteFits(lead, next))) return i;
    }
    i += length;
  }
  return i;
}

bool IsCleanUtf8(absl::string_view text) {
  return CleanLength(text) == text.size();
}

std::string CleanText(absl::string_view text) {
  return IsCleanUtf8(text) ? std::string(text) : absl::CEscape(text);
}

}  // namespace socketd
