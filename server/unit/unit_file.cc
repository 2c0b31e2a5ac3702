#include "server/unit/unit_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

#include "server/base/text.h"
#include "server/unit/grammar.h"

namespace socketd {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kMostProblems = 100;  // a file of rubbish needs no longer list

bool IsComment(absl::string_view line) {
  return !line.empty() && (line[0] == '#' || line[0] == ';');
}

// True if the line ends with a backslash that is not itself escaped.
bool Continues(absl::string_view line) {
  const size_t last = line.find_last_not_of('\\');
  const size_t count = last == absl::string_view::npos ? line.size() : line.size() - last - 1;
  return count % 2 == 1;
}

// True if the text comes back when more stands behind it on its line.
bool FitsInLine(absl::string_view text) {
  return text.size() <= kLongestValue && IsCleanUtf8(text) &&
         text == absl::StripAsciiWhitespace(text) && !absl::StrContains(text, '\n');
}

class Lexer {
 public:
  Lexer(absl::string_view file, absl::string_view text, Problems& problems)
      : file_(file), text_(text), problems_(problems) {}

  std::vector<Assignment> Run() {
    absl::ConsumePrefix(&text_, kByteOrderMark);
    while (!text_.empty() && !full_) {
      TakeLine();
    }
    if (!joined_.empty()) Finish();
    return std::move(assignments_);
  }

 private:
  void TakeLine() {
    const size_t end = text_.find('\n');
    const absl::string_view whole = text_.substr(0, end);
    const absl::string_view line = absl::StripAsciiWhitespace(whole);
    text_.remove_prefix(end == absl::string_view::npos ? text_.size() : end + 1);
    ++line_;
    if (IsComment(line)) return;
    if (!continues_) start_ = line_;
    if (!refused_) CheckBytes(whole);
    if (!refused_ && joined_.size() + line.size() > kLongestUnitLine) {
      Refuse(start_, "the line is longer than 65536 bytes");
    }
    if (!refused_) absl::StrAppend(&joined_, line);
    continues_ = Continues(line);
    if (continues_ && !refused_) joined_.back() = ' ';
    if (!continues_) Finish();
  }

  void CheckBytes(absl::string_view line) {
    const size_t clean = CleanLength(line);
    if (clean == line.size()) return;
    const auto byte = static_cast<unsigned char>(line[clean]);
    Refuse(line_, absl::StrFormat("expected UTF-8 text; byte %d of the line is %s", clean + 1,
                                  byte == 0 ? "a NUL" : absl::StrFormat("0x%02X", byte)));
  }

  // Reports the line that is being joined and leaves all of it out.
  void Refuse(int line, std::string message) {
    refused_ = true;
    ReportAt(line, std::move(message));
  }

  void Finish() {
    const std::string joined = std::exchange(joined_, "");
    continues_ = false;
    if (std::exchange(refused_, false)) return;
    const absl::string_view line = absl::StripAsciiWhitespace(joined);
    if (line.empty()) return;
    if (line[0] == '[') return TakeSection(line);
    TakeAssignment(line);
  }

  void TakeSection(absl::string_view line) {
    const absl::string_view name = line.substr(1, line.size() < 2 ? 0 : line.size() - 2);
    if (line.back() != ']' || !FitsAsSection(name)) {
      in_section_ = false;
      return Report(absl::StrCat("expected a section header, as [Socket], not ", Shown(line)));
    }
    in_section_ = true;
    section_ = std::string(name);
  }

  void TakeAssignment(absl::string_view line) {
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      return Report(absl::StrCat("expected KEY=VALUE, not ", Shown(line)));
    }
    const absl::string_view key = absl::StripAsciiWhitespace(line.substr(0, equals));
    if (key.empty()) return Report("expected a key before the \"=\"");
    if (!in_section_) {
      return Report(absl::StrCat(Shown(key), "= stands in no section"));
    }
    if (assignments_.size() == kMostAssignments) {
      full_ = true;
      return Report("the file has more than 10000 assignments; the rest is not read");
    }
    const absl::string_view value = absl::StripAsciiWhitespace(line.substr(equals + 1));
    assignments_.push_back({section_, std::string(key), std::string(value), start_});
  }

  void Report(std::string message) { ReportAt(start_, std::move(message)); }

  void ReportAt(int line, std::string message) {
    Problem problem;
    problem.file = std::string(file_);
    problem.line = line;
    problem.message = std::move(message);
    problem.fatal = true;
    problems_.push_back(std::move(problem));
    full_ |= ++reported_ == kMostProblems;
  }

  const absl::string_view file_;
  absl::string_view text_;
  Problems& problems_;
  std::vector<Assignment> assignments_;
  std::string section_;
  bool in_section_ = false;
  std::string joined_;  // what stands before, on continued lines
  bool continues_ = false;
  bool refused_ = false;  // reported already, up to its end
  bool full_ = false;
  size_t reported_ = 0;
  int line_ = 0;
  int start_ = 0;  // the first line of what is being joined
};

}  // namespace

std::vector<Assignment> ReadAssignments(absl::string_view file,
                                        absl::string_view text,
                                        Problems& problems) {
  if (text.size() > kLargestUnitFile) {
    Problem problem;
    problem.file = std::string(file);
    problem.message = "the file is larger than 1 MiB";
    problem.fatal = true;
    problems.push_back(std::move(problem));
    return {};
  }
  return Lexer(file, text, problems).Run();
}

bool FitsOnLine(absl::string_view value) {
  return FitsInLine(value) && !Continues(value);
}

bool FitsAsSection(absl::string_view section) {
  if (section.empty() || !FitsInLine(section)) return false;
  return section.find_first_of("[]") == absl::string_view::npos;
}

bool FitsAsKey(absl::string_view key) {
  if (key.empty() || !FitsInLine(key) || IsComment(key) || key[0] == '[') return false;
  return key.find('=') == absl::string_view::npos;
}

}  // namespace socketd
