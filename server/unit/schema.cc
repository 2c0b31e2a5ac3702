#include "server/unit/schema.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/text.h"
#include "server/unit/directive_table.h"
#include "server/unit/field_value.h"
#include "server/unit/grammar.h"
#include "server/unit/known_keys.h"
#include "server/unit/sections.h"
#include "server/unit/unit_file.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A file of rubbish needs no longer list, and no guesses at what each line was meant to be.
constexpr size_t kMostWarnings = 200;
constexpr size_t kMostErrors = 500;
constexpr size_t kMostGuesses = 30;
constexpr size_t kFarthestTypo = 3;  // edits between a key and the one that was meant

bool IsPrivate(absl::string_view name) {
  return absl::StartsWith(name, "X-");
}

// The key of the section that `key` is most like; empty if none is near.
std::string NearestKey(absl::string_view section, absl::string_view key) {
  std::string nearest;
  size_t best = std::min(kFarthestTypo, key.size() / 2) + 1;
  const auto consider = [&](absl::string_view candidate) {
    const size_t distance = EditDistance(key, candidate, best - 1);
    if (distance >= best) return;
    best = distance;
    nearest = std::string(candidate);
  };
  for (const Directive& directive : DirectiveTable::Get().directives()) {
    if (directive.section == section) consider(directive.key);
  }
  for (absl::string_view known : UnenforcedKeys(section))
    consider(known);
  return nearest;
}

bool IsKeyOf(absl::string_view section, absl::string_view key) {
  return !DirectiveTable::Get().Find(section, key).empty() || IsUnenforcedKey(section, key);
}

std::string UnknownKeyMessage(const UnitName& name, const Assignment& assignment) {
  std::string text = kUnknownKey;
  const std::string nearest = NearestKey(assignment.section, assignment.key);
  if (!nearest.empty()) return absl::StrCat(text, "; did you mean ", nearest, "=?");
  for (const std::string& section : SectionsOf(name.type())) {
    if (IsKeyOf(section, assignment.key)) {
      return absl::StrCat(text, "; it belongs into [", section, "]");
    }
  }
  return text;
}

// Puts the assignments of one file into a definition.
class Binder {
 public:
  Binder(const UnitName& name,
         absl::string_view file,
         v1::UnitDefinition& definition,
         Problems& problems)
      : name_(name), file_(file), definition_(definition), problems_(problems) {}

  void Bind(const Assignment& assignment) {
    if (IsPrivate(assignment.section)) return Keep(assignment);
    if (!HasSection(name_.type(), assignment.section)) return KeepForeign(assignment);
    const auto directives = DirectiveTable::Get().Find(assignment.section, assignment.key);
    for (const Directive* directive : directives) {
      if (!Set(*directive, assignment)) break;
    }
    if (!directives.empty()) return;
    Keep(assignment);
    if (IsUnenforcedKey(assignment.section, assignment.key)) {
      Warn(assignment, kNotEnforced);
    } else if (!IsPrivate(assignment.key)) {
      const bool guesses = ++unknown_ <= kMostGuesses;
      Warn(assignment, guesses ? UnknownKeyMessage(name_, assignment) : kUnknownKey);
    }
  }

 private:
  // False if the value is bad.
  bool Set(const Directive& directive, const Assignment& assignment) {
    if (assignment.value.empty()) {
      Clear(directive);
      return true;
    }
    Message& message = directive.Make(definition_);
    ValueNotes notes;
    absl::Status status = ReadValue(directive, assignment.value, message, notes);
    if (!status.ok()) {
      Problem problem = At(assignment);
      problem.field = directive.FieldPath();
      problem.message =
          absl::StrCat(std::string(status.message()), "; the value is ", Shown(assignment.value));
      problem.fatal = true;
      Push(std::move(problem));
    } else if (notes.odd_escape) {
      Warn(assignment, "a backslash stands before a character that needs none; both are kept");
    }
    return status.ok();
  }

  void Clear(const Directive& directive) {
    if (directive.Find(definition_) == nullptr) return;
    Message& message = directive.Make(definition_);
    message.GetReflection()->ClearField(&message, directive.field);
  }

  void Keep(const Assignment& assignment) {
    v1::OtherDirective& other = *definition_.add_other();
    other.set_section(assignment.section);
    other.set_key(assignment.key);
    other.set_value(assignment.value);
  }

  // A section that has no meaning in this type of unit: one warning for the section.
  void KeepForeign(const Assignment& assignment) {
    Keep(assignment);
    if (last_foreign_ == assignment.section) return;
    last_foreign_ = assignment.section;
    Problem problem = At(assignment);
    problem.key.clear();
    problem.message = absl::StrCat("the section has no meaning in a .", std::string(name_.suffix()),
                                   "; kept but without effect");
    Push(std::move(problem));
  }

  void Warn(const Assignment& assignment, std::string message) {
    Problem problem = At(assignment);
    problem.message = std::move(message);
    Push(std::move(problem));
  }

  Problem At(const Assignment& assignment) const {
    Problem problem;
    problem.file = std::string(file_);
    problem.line = assignment.line;
    problem.section = assignment.section;
    problem.key = assignment.key;
    return problem;
  }

  void Push(Problem problem) {
    size_t& count = problem.fatal ? errors_ : warnings_;
    const size_t most = problem.fatal ? kMostErrors : kMostWarnings;
    if (++count > most) return;
    if (count == most) problem.message = "and more of this kind from here on";
    problems_.push_back(std::move(problem));
  }

  const UnitName& name_;
  absl::string_view file_;
  v1::UnitDefinition& definition_;
  Problems& problems_;
  std::string last_foreign_;
  size_t unknown_ = 0;
  size_t warnings_ = 0;
  size_t errors_ = 0;
};

// Drops messages without content below `message`, but not the oneof that says the type.
void PruneEmpty(Message& message) {
  const auto* type = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool is_directive = field->options().ExtensionSize(v1::directive) > 0;
    if (field->message_type() == nullptr || field->is_repeated() || is_directive) continue;
    if (!reflection->HasField(message, field)) continue;
    Message& inner = *reflection->MutableMessage(&message, field);
    PruneEmpty(inner);
    if (inner.ByteSizeLong() == 0 && field->real_containing_oneof() == nullptr) {
      reflection->ClearField(&message, field);
    }
  }
}

}  // namespace

void ReadUnitFile(const UnitName& name,
                  UnitText source,
                  v1::UnitDefinition& definition,
                  Problems& problems) {
  SetType(name.type(), definition);
  Binder binder(name, source.file, definition, problems);
  for (const Assignment& assignment : ReadAssignments(source.file, source.text, problems))
    binder.Bind(assignment);
  PruneEmpty(definition);
}

}  // namespace socketd
