#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/definition_rules.h"
#include "server/unit/directive_table.h"
#include "server/unit/field_value.h"
#include "server/unit/grammar.h"
#include "server/unit/known_keys.h"
#include "server/unit/schema.h"
#include "server/unit/sections.h"
#include "server/unit/unit_file.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::string_view kLine =
    "UTF-8 text of at most 32768 bytes on one line, without blanks or a backslash at its end";
constexpr int kMostValues = 10000;  // in one definition, as kMostAssignments

// A message that has only value `index` of the directive's field.
std::unique_ptr<Message> Only(const Directive& directive, const Message& message, int index) {
  std::unique_ptr<Message> only(message.New());
  const auto* reflection = message.GetReflection();
  const FieldDescriptor* field = directive.field;
  if (!field->is_repeated()) {
    only->CopyFrom(message);
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(*only, &fields);
    for (const FieldDescriptor* other : fields) {
      if (other != field) reflection->ClearField(only.get(), other);
    }
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection->AddString(only.get(), field, reflection->GetRepeatedString(message, field, index));
  } else {
    const Message& element = reflection->GetRepeatedMessage(message, field, index);
    reflection->AddMessage(only.get(), field)->CopyFrom(element);
  }
  return only;
}

// A value is good if a unit file can say it: it is written, read by the reader's own rules, and
// must come back the same.
absl::Status CheckValue(const Directive& directive,
                        const Message& message,
                        int index,
                        Stage stage) {
  const std::string text = WriteValue(directive, message, index);
  if (text.empty()) return Expected("a value");
  if (!FitsOnLine(text)) return Expected(kLine);
  const std::unique_ptr<Message> read(message.New());
  ValueNotes notes;
  absl::Status status = stage == Stage::kWritten ? ReadValue(directive, text, *read, notes)
                                                 : ReadExpandedValue(directive, text, *read);
  if (!status.ok()) return status;
  if (google::protobuf::util::MessageDifferencer::Equals(*read, *Only(directive, message, index))) {
    return absl::OkStatus();
  }
  return Expected("a value that a unit file can say");
}

class ValueChecker {
 public:
  ValueChecker(const v1::UnitDefinition& definition, Stage stage, Problems& problems)
      : definition_(definition), stage_(stage), problems_(problems) {}

  void Run() {
    const Directive* last = nullptr;
    for (const Directive& directive : DirectiveTable::Get().directives()) {
      if (directive.option->alias()) continue;
      if (last != nullptr && last->field == directive.field && last->path == directive.path) {
        continue;
      }
      last = &directive;
      if (const Message* message = directive.Find(definition_)) CheckField(directive, *message);
    }
    for (int i = 0; stage_ == Stage::kWritten && i < definition_.other_size(); ++i)
      CheckOther(i);
  }

 private:
  void CheckField(const Directive& directive, const Message& message) {
    const int count = CountValues(directive, message);
    for (int i = 0; i < count && checked_ < kMostValues; ++i, ++checked_) {
      const Directive& own = *KeyFor(directive, message, i);
      absl::Status status = CheckValue(own, message, i, stage_);
      if (status.ok()) continue;
      const std::string value = WriteValue(own, message, i);
      Problem problem;
      problem.section = own.section;
      problem.key = own.key;
      problem.field = directive.field->is_repeated()
                          ? absl::StrCat(directive.FieldPath(), "[", i, "]")
                          : directive.FieldPath();
      problem.message =
          absl::StrCat(std::string(status.message()), "; the value is ", Shown(value));
      problem.fatal = true;
      problems_.push_back(std::move(problem));
    }
    if (checked_ == kMostValues) ReportTooMany();
  }

  void ReportTooMany() {
    ++checked_;
    Problem problem;
    problem.field = "definition";
    problem.message = "the definition has more than 10000 values";
    problem.fatal = true;
    problems_.push_back(std::move(problem));
  }

  void CheckOther(int index) {
    const v1::OtherDirective& other = definition_.other(index);
    std::string wrong;
    if (!FitsAsSection(other.section())) {
      wrong = "expected the name of a section, without brackets";
    } else if (!FitsAsKey(other.key())) {
      wrong = "expected a key on one line, without \"=\"";
    } else if (!FitsOnLine(other.value())) {
      wrong = absl::StrCat("expected ", kLine);
    } else if (HasSection(TypeOf(definition_), other.section()) &&
               !DirectiveTable::Get().Find(other.section(), other.key()).empty()) {
      wrong = "the key has a field of its own";
    }
    if (wrong.empty()) return;
    Problem problem;
    problem.section = other.section();
    problem.key = other.key();
    problem.field = absl::StrCat("definition.other[", index, "]");
    problem.message = std::move(wrong);
    problem.fatal = true;
    problems_.push_back(std::move(problem));
  }

  const v1::UnitDefinition& definition_;
  const Stage stage_;
  Problems& problems_;
  int checked_ = 0;
};

// What is kept as text must be readable again.
void CheckSize(const v1::UnitDefinition& definition, Problems& problems) {
  if (definition.ByteSizeLong() < kLargestUnitFile / 8) return;
  if (WriteUnitFile(definition).size() <= kLargestUnitFile) return;
  Problem problem;
  problem.field = "definition";
  problem.message = "as a unit file the definition is larger than 1 MiB";
  problem.fatal = true;
  problems.push_back(std::move(problem));
}

bool Names(const Problems& problems, const v1::OtherDirective& other) {
  for (const Problem& problem : problems) {
    const bool same_key = problem.key == other.key() || problem.key.empty();
    if (same_key && problem.section == other.section()) return true;
  }
  return false;
}

}  // namespace

void CheckDefinition(const UnitName& name,
                     const v1::UnitDefinition& definition,
                     Problems& problems) {
  if (!CheckType(name, definition, problems)) return;
  ValueChecker(definition, Stage::kWritten, problems).Run();
  CheckSize(definition, problems);
  CheckRules(definition, problems);
}

void CheckExpandedDefinition(const UnitName& name,
                             const v1::UnitDefinition& definition,
                             Problems& problems) {
  if (!CheckType(name, definition, problems)) return;
  ValueChecker(definition, Stage::kExpanded, problems).Run();
  CheckRules(definition, problems);
}

void WarnUnenforced(const v1::UnitDefinition& definition, Problems& problems) {
  for (const v1::OtherDirective& other : definition.other()) {
    if (absl::StartsWith(other.section(), "X-") || absl::StartsWith(other.key(), "X-")) continue;
    if (Names(problems, other)) continue;
    Problem problem;
    problem.section = other.section();
    problem.key = other.key();
    problem.message = IsUnenforcedKey(other.section(), other.key()) ? kNotEnforced : kUnknownKey;
    problems.push_back(std::move(problem));
  }
  WarnOfDifferences(definition, problems);
}

}  // namespace socketd
