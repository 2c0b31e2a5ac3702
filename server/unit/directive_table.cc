#include "server/unit/directive_table.h"

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/check.h"

namespace socketd {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Directive::FieldPath() const {
  std::string text = "definition";
  for (const FieldDescriptor* step : path)
    absl::StrAppend(&text, ".", step->name());
  return absl::StrCat(text, ".", field->name());
}

const Message* Directive::Find(const Message& definition) const {
  const Message* message = &definition;
  for (const FieldDescriptor* step : path) {
    const auto* reflection = message->GetReflection();
    if (!reflection->HasField(*message, step)) return nullptr;
    message = &reflection->GetMessage(*message, step);
  }
  return message;
}

Message& Directive::Make(Message& definition) const {
  Message* message = &definition;
  for (const FieldDescriptor* step : path)
    message = message->GetReflection()->MutableMessage(message, step);
  return *message;
}

const Directive* KeyFor(const Directive& first, const Message& message, int index) {
  if (first.option->kind() == 0) return &first;
  const Message& element = message.GetReflection()->GetRepeatedMessage(message, first.field, index);
  const FieldDescriptor* const kind = element.GetDescriptor()->FindFieldByName("kind");
  CHECK(kind != nullptr);
  const int own = element.GetReflection()->GetEnumValue(element, kind);
  for (const Directive& directive : DirectiveTable::Get().directives()) {
    if (directive.field == first.field && directive.option->kind() == own) return &directive;
  }
  return &first;
}

const DirectiveTable& DirectiveTable::Get() {
  static const auto* const kTable = new DirectiveTable();
  return *kTable;
}

std::vector<const Directive*> DirectiveTable::Find(absl::string_view section,
                                                   absl::string_view key) const {
  std::vector<const Directive*> found;
  const auto at = by_key_.find(absl::StrCat(section, ".", key));
  if (at == by_key_.end()) return found;
  for (size_t index : at->second)
    found.push_back(&directives_[index]);
  return found;
}

DirectiveTable::DirectiveTable() {
  Path path;
  Walk(*v1::UnitDefinition::descriptor(), "", path);
}

void DirectiveTable::Walk(const Descriptor& type, const std::string& section, Path& path) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().ExtensionSize(v1::directive) > 0) {
      Add(field, section, path);
      continue;
    }
    if (field.message_type() == nullptr || field.is_repeated()) continue;
    const std::string& own = field.message_type()->options().GetExtension(v1::section);
    path.push_back(&field);
    Walk(*field.message_type(), own.empty() ? section : own, path);
    path.pop_back();
  }
}

void DirectiveTable::Add(const FieldDescriptor& field,
                         const std::string& section,
                         const Path& path) {
  for (int i = 0; i < field.options().ExtensionSize(v1::directive); ++i) {
    const v1::Directive& option = field.options().GetExtension(v1::directive, i);
    Directive directive;
    directive.section = option.section().empty() ? section : option.section();
    directive.key = option.key();
    directive.grammar = option.grammar();
    directive.option = &option;
    directive.path = path;
    directive.field = &field;
    by_key_[absl::StrCat(directive.section, ".", directive.key)].push_back(directives_.size());
    directives_.push_back(std::move(directive));
  }
}

}  // namespace socketd
