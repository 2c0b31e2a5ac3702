#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/unit/directive_table.h"
#include "server/unit/grammar.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_signal.h"
#include "server/unit/specifiers.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// One form for values that can be written in several.
std::string Settled(v1::Grammar grammar, std::string text) {
  switch (grammar) {
    case v1::GRAMMAR_ADDRESS:
    case v1::GRAMMAR_PATH:
      return absl::StartsWith(text, "/") ? RewriteVarRun(CleanPath(text)) : text;
    case v1::GRAMMAR_RUNTIME_PATH:
      return RewriteVarRun(CleanPath(text));
    case v1::GRAMMAR_PATHS:
    case v1::GRAMMAR_DIRECTORY_NAMES:
      return CleanPath(text);
    case v1::GRAMMAR_EXIT_STATUSES: {
      const auto status = ParseExitStatus(text);
      return status.ok() ? FormatExitStatus(*status) : text;
    }
    default:
      return text;
  }
}

// "[fe80::1]:80%eth0": the "%" before an interface is no specifier. As systemd's files have it, one
// that is doubled is taken as well.
std::string WithScopeEscaped(const std::string& text) {
  const size_t close = text.find("]:");
  if (text[0] != '[' || close == std::string::npos) return text;
  const size_t percent = text.find_first_not_of("0123456789", close + 2);
  const bool scope = percent != std::string::npos && percent > close + 2 && text[percent] == '%' &&
                     percent + 1 < text.size() && text[percent + 1] != '%';
  return scope ? absl::StrCat(text.substr(0, percent), "%", text.substr(percent)) : text;
}

bool HasSpecifiers(const Directive& directive) {
  return directive.section != "Install" && directive.grammar != v1::GRAMMAR_INTERFACE &&
         directive.grammar != v1::GRAMMAR_EXIT_STATUSES;
}

class Expander {
 public:
  Expander(const UnitName& name, const Surroundings& surroundings)
      : name_(name), surroundings_(surroundings) {}

  absl::Status ExpandField(const Directive& directive, Message& message) const {
    const FieldDescriptor& field = *directive.field;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return ExpandStrings(directive, field, message);
    }
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return absl::OkStatus();
    const auto* reflection = message.GetReflection();
    if (!field.is_repeated()) {
      return reflection->HasField(message, &field)
                 ? ExpandMessage(directive, *reflection->MutableMessage(&message, &field))
                 : absl::OkStatus();
    }
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      Message& element = *reflection->MutableRepeatedMessage(&message, &field, i);
      absl::Status status = ExpandMessage(directive, element);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  // Values have no messages inside: their strings are all there is.
  absl::Status ExpandMessage(const Directive& directive, Message& message) const {
    const auto* type = message.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      absl::Status status = ExpandStrings(directive, field, message);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ExpandStrings(const Directive& directive,
                             const FieldDescriptor& field,
                             Message& message) const {
    const auto* reflection = message.GetReflection();
    if (!field.is_repeated()) {
      auto text = Expand(directive, reflection->GetString(message, &field));
      if (!text.ok()) return text.status();
      reflection->SetString(&message, &field, *std::move(text));
      return absl::OkStatus();
    }
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      auto text = Expand(directive, reflection->GetRepeatedString(message, &field, i));
      if (!text.ok()) return text.status();
      reflection->SetRepeatedString(&message, &field, i, *std::move(text));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Expand(const Directive& directive, const std::string& text) const {
    if (!HasSpecifiers(directive) || !absl::StrContains(text, "%")) {
      return Settled(directive.grammar, text);
    }
    const bool address = directive.grammar == v1::GRAMMAR_ADDRESS;
    auto expanded = ExpandSpecifiers(address ? WithScopeEscaped(text) : text, name_, surroundings_);
    if (expanded.ok()) return Settled(directive.grammar, *std::move(expanded));
    return WithFacts(expanded.status(), {{"field", directive.FieldPath()},
                                         {"section", directive.section},
                                         {"key", directive.key},
                                         {"value", Shown(text)}});
  }

  const UnitName& name_;
  const Surroundings& surroundings_;
};

}  // namespace

absl::Status ExpandDefinition(const UnitName& name,
                              const Surroundings& surroundings,
                              v1::UnitDefinition& definition) {
  const Expander expander(name, surroundings);
  const Directive* last = nullptr;
  for (const Directive& directive : DirectiveTable::Get().directives()) {
    // A field with several keys is expanded once.
    const bool again =
        last != nullptr && last->field == directive.field && last->path == directive.path;
    last = &directive;
    if (again || directive.Find(definition) == nullptr) continue;
    absl::Status status = expander.ExpandField(directive, directive.Make(definition));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace socketd
