#include "server/unit/grammar_words.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/base/text.h"
#include "server/unit/grammar.h"

namespace socketd {
namespace {

constexpr absl::string_view kSimpleEscapes = "abfnrtv\\\"'s";
constexpr absl::string_view kSimpleMeanings = "\a\b\f\n\r\t\v\\\"' ";

// U+0001 to U+10FFFF as UTF-8 (RFC 3629).
void AppendUtf8(uint32_t point, std::string& text) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// `count` digits of base 2^`bits` at the front of `text`.
bool FixedNumber(absl::string_view text, size_t count, int bits, uint32_t& value) {
  if (text.size() < count) return false;
  value = 0;
  for (char c : text.substr(0, count)) {
    if (!absl::ascii_isxdigit(c)) return false;
    const int digit = absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
    if (digit >= (1 << bits)) return false;
    value = (value << bits) | static_cast<uint32_t>(digit);
  }
  return true;
}

enum class Escape { kTaken, kUnknown, kForbidden };

Escape AppendNumeric(uint32_t value, bool is_unicode, std::string& text) {
  if (value == 0) return Escape::kForbidden;
  if (!is_unicode) {
    if (value > 0xFF) return Escape::kUnknown;
    text += static_cast<char>(value);
    return Escape::kTaken;
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return Escape::kForbidden;
  AppendUtf8(value, text);
  return Escape::kTaken;
}

// The escape whose text after the backslash begins `rest`; takes it off when it is one.
Escape TakeEscape(absl::string_view& rest, std::string& text) {
  struct Form {
    char mark;
    size_t digits;
    int bits;
  };
  constexpr Form kForms[] = {{'x', 2, 4}, {'u', 4, 4}, {'U', 8, 4}};
  const char mark = rest[0];
  if (const size_t at = kSimpleEscapes.find(mark); at != absl::string_view::npos) {
    text += kSimpleMeanings[at];
    rest.remove_prefix(1);
    return Escape::kTaken;
  }
  uint32_t value = 0;
  for (const Form& form : kForms) {
    if (mark != form.mark || !FixedNumber(rest.substr(1), form.digits, form.bits, value)) continue;
    rest.remove_prefix(1 + form.digits);
    return AppendNumeric(value, mark != 'x', text);
  }
  if (FixedNumber(rest, 3, 3, value)) {
    const Escape result = AppendNumeric(value, false, text);
    if (result == Escape::kTaken) rest.remove_prefix(3);
    return result;
  }
  return Escape::kUnknown;
}

absl::Status TakeBackslash(absl::string_view& rest, Word& word) {
  rest.remove_prefix(1);
  if (rest.empty()) return Expected("a character after the backslash");
  switch (TakeEscape(rest, word.text)) {
    case Escape::kTaken:
      break;
    case Escape::kForbidden:
      return Expected("an escape for a character other than NUL");
    case Escape::kUnknown:
      word.odd_escape = true;
      absl::StrAppend(&word.text, "\\", rest.substr(0, 1));
      rest.remove_prefix(1);
  }
  return absl::OkStatus();
}

// Takes a character that begins no escape; `quote` is the mark that is open, 0: none.
void TakePlain(char c, char& quote, std::string& text) {
  const bool opens = quote == 0 && (c == '"' || c == '\'');
  if (opens || c == quote) {
    quote = opens ? c : '\0';
  } else {
    text += c;
  }
}

absl::StatusOr<Word> TakeWord(absl::string_view& rest) {
  const absl::string_view all = rest;
  Word word;
  char quote = 0;
  while (!rest.empty()) {
    const char c = rest[0];
    if (c == '\\') {
      absl::Status taken = TakeBackslash(rest, word);
      if (!taken.ok()) return taken;
      continue;
    }
    if (quote == 0 && absl::ascii_isspace(c)) break;
    TakePlain(c, quote, word.text);
    rest.remove_prefix(1);
  }
  if (quote != 0) return Expected(absl::StrCat("a closing ", std::string(1, quote)));
  // A definition travels as Protobuf strings, which hold nothing else.
  if (!IsCleanUtf8(word.text)) return Expected("escapes that make up UTF-8 text");
  word.written = all.substr(0, all.size() - rest.size());
  return word;
}

bool NeedsQuotes(absl::string_view word) {
  if (word.empty() || word == ";") return true;
  for (char c : word) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) return true;
    if (c == '"' || c == '\'' || c == '\\') return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<Word>> SplitWords(absl::string_view text) {
  std::vector<Word> words;
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(text);
  while (!rest.empty()) {
    auto word = TakeWord(rest);
    if (!word.ok()) return word.status();
    words.push_back(*std::move(word));
    rest = absl::StripLeadingAsciiWhitespace(rest);
  }
  return words;
}

std::string QuoteWord(absl::string_view word) {
  if (!NeedsQuotes(word)) return std::string(word);
  std::string text = "\"";
  for (char c : word) {
    const size_t at = kSimpleMeanings.substr(0, 9).find(c);
    if (at != absl::string_view::npos) {
      text += '\\';
      text += kSimpleEscapes[at];
    } else if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&text, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return absl::StrCat(text, "\"");
}

}  // namespace socketd
