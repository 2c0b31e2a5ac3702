#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "server/unit/directive_table.h"
#include "server/unit/known_keys.h"
#include "server/unit/schema.h"
#include "server/unit/spelling.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;

constexpr char kFirstRelease[] = "0.1";

struct GrammarText {
  v1::Grammar grammar;
  const char* text;
};

constexpr GrammarText kGrammarTexts[] = {
    {v1::GRAMMAR_ADDRESS, "address"},
    {v1::GRAMMAR_COMMAND, "command lines"},
    {v1::GRAMMAR_SPAN, "time span"},
    {v1::GRAMMAR_TIMEOUT, "time span; 0 or infinity: no limit"},
    {v1::GRAMMAR_SIZE, "bytes"},
    {v1::GRAMMAR_MODE, "octal mode"},
    {v1::GRAMMAR_LIMIT, "limit"},
    {v1::GRAMMAR_LIMIT_BYTES, "limit in bytes"},
    {v1::GRAMMAR_LIMIT_SECONDS, "limit in seconds"},
    {v1::GRAMMAR_LIMIT_MICROSECONDS, "limit in microseconds"},
    {v1::GRAMMAR_LIMIT_NICE, "limit of niceness"},
    {v1::GRAMMAR_ENVIRONMENT, "NAME=value words"},
    {v1::GRAMMAR_ENVIRONMENT_FILE, "path, \"-\" before it: may be missing"},
    {v1::GRAMMAR_WORDS, "words"},
    {v1::GRAMMAR_UNIT_NAME, "unit name"},
    {v1::GRAMMAR_UNIT_NAMES, "unit names"},
    {v1::GRAMMAR_PATH, "absolute path"},
    {v1::GRAMMAR_PATHS, "absolute paths"},
    {v1::GRAMMAR_RUNTIME_PATH, "absolute path, or one below the run-time folder"},
    {v1::GRAMMAR_SIGNAL, "signal"},
    {v1::GRAMMAR_STDIO, "standard output"},
    {v1::GRAMMAR_STANDARD_INPUT, "standard input"},
    {v1::GRAMMAR_WORKING_DIRECTORY, "absolute path or ~, \"-\" before it: may be missing"},
    {v1::GRAMMAR_DIRECTORY_NAMES, "relative paths"},
    {v1::GRAMMAR_USER, "user or group"},
    {v1::GRAMMAR_FD_NAME, "descriptor name"},
    {v1::GRAMMAR_TEXT, "text"},
    {v1::GRAMMAR_INTERFACE, "network interface"},
    {v1::GRAMMAR_EXIT_STATUSES, "exit statuses and signals"},
};

std::string TypeText(const Directive& directive) {
  for (const GrammarText& known : kGrammarTexts) {
    if (known.grammar == directive.grammar) return known.text;
  }
  switch (directive.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(AllSpellings(*directive.field->enum_type()),
                          directive.grammar == v1::GRAMMAR_IPV6_ONLY ? ", or a boolean" : "");
    default:
      break;
  }
  const v1::Directive& option = *directive.option;
  if (option.minimum() == 0 && option.maximum() == 0) return "number";
  return absl::StrCat("number of ", option.minimum(), " to ", option.maximum());
}

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}});
}

// The directives that share one option: the same key in several sections.
struct Row {
  const Directive* directive = nullptr;
  std::vector<std::string> sections;
};

std::vector<Row> Rows() {
  std::vector<Row> rows;
  for (const Directive& directive : DirectiveTable::Get().directives()) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
      return row.directive->option == directive.option;
    });
    if (same == rows.end()) {
      rows.push_back({&directive, {directive.section}});
    } else {
      same->sections.push_back(directive.section);
    }
  }
  return rows;
}

std::string RowText(const Row& row) {
  const v1::Directive& option = *row.directive->option;
  std::vector<std::string> notes;
  if (option.alias()) notes.push_back("older spelling, read but never written");
  if (!option.note().empty()) notes.push_back(option.note());
  return absl::StrCat(
      "| ", absl::StrJoin(row.sections, ", "), " | `", option.key(), "` | ",
      Cell(TypeText(*row.directive)), " | ",
      option.default_text().empty() ? "" : absl::StrCat("`", option.default_text(), "`"), " | ",
      option.since().empty() ? kFirstRelease : option.since(), " | ",
      Cell(absl::StrJoin(notes, "; ")), " |\n");
}

}  // namespace

std::string DirectivesPage() {
  std::string page =
      "# Directives\n\n"
      "Made from the schema (`proto/socketd/v1`) by\n"
      "`bazel run //tests/server/unit:print_directives > proto/directives.md`; a test compares.\n\n"
      "## Enforced\n\n"
      "An empty value brings back the default, and clears a list. An empty default: not set.\n\n"
      "| Section | Key | Value | Default | Since | Remarks |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const Row& row : Rows())
    page += RowText(row);
  absl::StrAppend(&page,
                  "\n## Known but not enforced\n\n"
                  "Kept, written back, and named in the unit's warnings. Any other key is a "
                  "warning with the\nnearest known key; keys and sections that begin with `X-` are "
                  "nobody's business.\n");
  for (const char* section : {"Unit", "Socket", "Service", "Install"}) {
    auto keys = UnenforcedKeys(section);
    std::sort(keys.begin(), keys.end());
    absl::StrAppend(&page, "\n[", section, "]: ", absl::StrJoin(keys, ", "), ".\n");
  }
  return page;
}

}  // namespace socketd
