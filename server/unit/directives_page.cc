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

std::string TypeText(const Directive& directive) {
  std::string grammar = SpellingOf(*v1::Grammar_descriptor(), directive.grammar);
  if (!grammar.empty()) return grammar;
  switch (directive.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_ENUM:
      return AllSpellings(*directive.field->enum_type());
    default:
      break;
  }
  const v1::Directive& option = *directive.option;
  if (option.minimum() == 0 && option.maximum() == 0) return "number";
  return absl::StrCat("number of ", option.minimum(), " to ", option.maximum());
}

// What a key does here, compared with systemd.
std::string EffectText(const v1::Directive& option) {
  if (!option.needs().empty()) return absl::StrCat("needs ", option.needs());
  return option.note().empty() ? "effective" : "differs";
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
      option.since().empty() ? kFirstRelease : option.since(), " | ", EffectText(option), " | ",
      Cell(absl::StrJoin(notes, "; ")), " |\n");
}

}  // namespace

std::string DirectivesPage() {
  std::string page =
      "# Directives\n\n"
      "Made from the schema (`proto/socketd/v1`) by\n"
      "`bazel run //tests/server/unit:print_directives > proto/directives.md`; a test compares.\n\n"
      "## Enforced\n\n"
      "An empty value brings back the default, and clears a list. An empty default: not set. What\n"
      "a key `needs` is a capability of the machine: `socketctl version -o wide` tells whether it\n"
      "is there, and without it the key is kept and named in the unit's warnings.\n\n"
      "| Section | Key | Value | Default | Since | Effect | Remarks |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Row& row : Rows())
    page += RowText(row);
  absl::StrAppend(
      &page,
      "\n## Known but not enforced\n\n"
      "Kept, written back, and named in the unit's warnings. Any other key is a "
      "warning with the\nnearest known key; other keys and sections that begin with `X-` "
      "are nobody's business.\n");
  for (const char* section : {"Unit", "Socket", "Service", "Install"}) {
    auto keys = UnenforcedKeys(section);
    std::sort(keys.begin(), keys.end());
    absl::StrAppend(&page, "\n[", section, "]: ", absl::StrJoin(keys, ", "), ".\n");
  }
  return page;
}

}  // namespace socketd
