#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/base/text.h"
#include "server/unit/environment.h"
#include "server/unit/grammar_name.h"

namespace socketd {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20;    // bytes
constexpr absl::string_view kEscapable = "\"\\`$";  // in double quotes, as in sh(1)

bool IsNewline(char c) {
  return c == '\n' || c == '\r';
}

// Takes one assignment after the other off the text.
class Reader {
 public:
  Reader(absl::string_view text, Environment& environment)
      : rest_(text), environment_(environment) {}

  void Run() {
    while (SkipToKey()) {
      const size_t end = rest_.find_first_of("=\n\r");
      const bool assigns = end != absl::string_view::npos && rest_[end] == '=';
      const absl::string_view key = absl::StripTrailingAsciiWhitespace(rest_.substr(0, end));
      rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + 1);
      if (!assigns) continue;
      const std::string value = TakeValue();
      if (IsVariableName(key)) environment_.Set(key, value);
    }
  }

 private:
  // Blank lines and comments; false at the end.
  bool SkipToKey() {
    rest_ = absl::StripLeadingAsciiWhitespace(rest_);
    while (absl::StartsWith(rest_, "#") || absl::StartsWith(rest_, ";")) {
      const size_t end = rest_.find_first_of("\n\r");
      rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end);
      rest_ = absl::StripLeadingAsciiWhitespace(rest_);
    }
    return !rest_.empty();
  }

  char Next() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  // Quoted parts may follow one another; what begins bare goes on to the end of the line.
  std::string TakeValue() {
    std::string value;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '\'' || c == '"') {
        Next();
        TakeQuoted(c, value);
      } else if (IsNewline(c)) {
        Next();
        break;
      } else if (absl::ascii_isspace(c)) {
        Next();
      } else {
        TakeBare(value);
        break;
      }
    }
    return value;
  }

  void TakeQuoted(char quote, std::string& value) {
    while (!rest_.empty()) {
      const char c = Next();
      if (c == quote) return;
      if (c != '\\' || quote == '\'' || rest_.empty()) {
        value += c;
        continue;
      }
      const char escaped = Next();
      if (escaped == '\n') continue;
      if (!absl::StrContains(kEscapable, escaped)) value += '\\';
      value += escaped;
    }
  }

  void TakeBare(std::string& value) {
    size_t kept = value.size();  // blanks at the end of the line do not belong to the value
    while (!rest_.empty() && !IsNewline(rest_[0])) {
      char c = Next();
      const bool escaped = c == '\\' && !rest_.empty();
      if (escaped) {
        c = Next();
        if (IsNewline(c)) continue;
      }
      value += c;
      if (escaped || !absl::ascii_isspace(c)) kept = value.size();
    }
    value.resize(kept);
  }

  absl::string_view rest_;
  Environment& environment_;
};

}  // namespace

absl::Status ReadEnvironmentFile(absl::string_view file,
                                 absl::string_view text,
                                 Environment& environment) {
  if (text.size() > kLargestFile || !IsCleanUtf8(text)) {
    return Error(
        absl::StatusCode::kInvalidArgument, "BAD_ENVIRONMENT_FILE",
        absl::StrCat(file, " is no environment file: expected UTF-8 text of at most 1 MiB"),
        {{"file", std::string(file)}});
  }
  Reader(text, environment).Run();
  return absl::OkStatus();
}

}  // namespace socketd
