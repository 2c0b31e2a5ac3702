#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/directive_table.h"
#include "server/unit/field_value.h"
#include "server/unit/schema.h"
#include "server/unit/sections.h"

namespace socketd {
namespace {

using google::protobuf::Message;

constexpr size_t kWidth = 100;  // columns before a list goes on with its key on a new line

class Writer {
 public:
  explicit Writer(const v1::UnitDefinition& definition) : definition_(definition) {}

  std::string Run() && {
    for (const std::string& section : SectionsOf(TypeOf(definition_)))
      WriteSection(section);
    // What is left stands in sections that this type does not have, or out of their order.
    while (next_other_ < definition_.other_size())
      WriteOther();
    return std::move(text_);
  }

 private:
  void WriteSection(const std::string& section) {
    const Directive* last = nullptr;
    for (const Directive& directive : DirectiveTable::Get().directives()) {
      if (directive.section != section || directive.option->alias()) continue;
      // A field with several keys is written where its first key stands.
      if (last != nullptr && last->field == directive.field && last->path == directive.path) {
        continue;
      }
      last = &directive;
      if (const Message* message = directive.Find(definition_)) WriteField(directive, *message);
    }
    while (next_other_ < definition_.other_size() &&
           definition_.other(next_other_).section() == section) {
      WriteOther();
    }
  }

  void WriteField(const Directive& directive, const Message& message) {
    const int count = CountValues(directive, message);
    std::string joined;
    for (int i = 0; i < count; ++i) {
      const Directive& own = *KeyFor(directive, message, i);
      const std::string value = WriteValue(own, message, i);
      if (!SharesLine(own)) {
        WriteLine(own.section, own.key, value);
        continue;
      }
      if (!joined.empty() && own.key.size() + joined.size() + value.size() > kWidth) {
        WriteLine(own.section, own.key, std::exchange(joined, ""));
      }
      absl::StrAppend(&joined, joined.empty() ? "" : " ", value);
    }
    if (!joined.empty()) WriteLine(directive.section, directive.key, joined);
  }

  void WriteOther() {
    const v1::OtherDirective& other = definition_.other(next_other_++);
    WriteLine(other.section(), other.key(), other.value());
  }

  void WriteLine(absl::string_view section, absl::string_view key, absl::string_view value) {
    if (section != section_) {
      absl::StrAppend(&text_, text_.empty() ? "" : "\n", "[", section, "]\n");
      section_ = std::string(section);
    }
    absl::StrAppend(&text_, key, "=", value, "\n");
  }

  const v1::UnitDefinition& definition_;
  int next_other_ = 0;
  std::string section_;
  std::string text_;
};

}  // namespace

std::string WriteUnitFile(const v1::UnitDefinition& definition) {
  return Writer(definition).Run();
}

}  // namespace socketd
