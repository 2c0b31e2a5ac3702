#include <fnmatch.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

#include "socketd/v1/schema.pb.h"

namespace socketd::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kFirstRelease[] = "0.1";

// A key, the sections that it may stand in, and the field that it sets.
struct Entry {
  std::vector<std::string> sections;
  const v1::Directive* option = nullptr;
  const FieldDescriptor* field = nullptr;
};

void AddField(const FieldDescriptor& field, const std::string& section, std::vector<Entry>& all) {
  for (int i = 0; i < field.options().ExtensionSize(v1::directive); ++i) {
    const v1::Directive& option = field.options().GetExtension(v1::directive, i);
    const std::string own = option.section().empty() ? section : option.section();
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&](const Entry& entry) { return entry.option == &option; });
    if (same == all.end()) {
      all.push_back({{own}, &option, &field});
    } else {
      same->sections.push_back(own);
    }
  }
}

// Everything below UnitDefinition, in the order of its fields.
void Walk(const Descriptor& type, const std::string& section, std::vector<Entry>& all) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().ExtensionSize(v1::directive) > 0) {
      AddField(field, section, all);
    } else if (field.message_type() != nullptr && !field.is_repeated()) {
      const std::string& own = field.message_type()->options().GetExtension(v1::section);
      Walk(*field.message_type(), own.empty() ? section : own, all);
    }
  }
}

// "simple, exec or oneshot".
std::string AllSpellings(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& word = type.value(i)->options().GetExtension(v1::spelling);
    if (!word.empty()) words.push_back(word);
  }
  const std::string last = words.back();
  words.pop_back();
  return absl::StrCat(absl::StrJoin(words, ", "), " or ", last);
}

std::string TypeOf(const Entry& entry) {
  const auto* grammar = v1::Grammar_descriptor()->FindValueByNumber(entry.option->grammar());
  const std::string& words = grammar->options().GetExtension(v1::spelling);
  if (!words.empty()) return words;
  if (entry.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return "boolean";
  if (entry.field->enum_type() != nullptr) return AllSpellings(*entry.field->enum_type());
  if (entry.option->minimum() == 0 && entry.option->maximum() == 0) return "number";
  return absl::StrCat("number of ", entry.option->minimum(), " to ", entry.option->maximum());
}

// What the daemon's machine has of what a key needs; unknown without a daemon.
struct Machine {
  bool known = false;
  v1::GetServerResponse server;

  bool Has(absl::string_view name) const {
    const auto& all = server.capabilities();
    return std::any_of(all.begin(), all.end(), [&](const auto& capability) {
      return capability.name() == name && capability.available();
    });
  }
};

Cell EffectOf(const v1::Directive& option, const Machine& machine) {
  if (!option.needs().empty() && !machine.Has(option.needs())) {
    return {absl::StrCat("needs ", option.needs()), machine.known ? Tone::kBusy : Tone::kPlain};
  }
  if (!option.note().empty()) return {"differs"};
  return {"effective"};
}

std::string RemarksOf(const v1::Directive& option) {
  std::vector<std::string> remarks;
  if (option.alias()) remarks.push_back("older spelling, read but never written");
  if (!option.note().empty()) remarks.push_back(option.note());
  return absl::StrJoin(remarks, "; ");
}

bool IsWanted(const Entry& entry, const std::vector<std::string>& patterns) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return fnmatch(pattern.c_str(), entry.option->key().c_str(), 0) == 0;
         });
}

// The words of the schema are plain text.
std::string JsonText(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

void Print(const Session& session, const Entry& entry, const Machine& machine) {
  const v1::Directive& option = *entry.option;
  const std::string sections = absl::StrJoin(entry.sections, ", ");
  const std::string type = TypeOf(entry);
  const std::string since = option.since().empty() ? kFirstRelease : option.since();
  const Cell effect = EffectOf(option, machine);
  const std::string remarks = RemarksOf(option);
  std::string json;
  for (const auto& [name, text] : {std::pair<const char*, std::string>{"key", option.key()},
                                   {"sections", sections},
                                   {"type", type},
                                   {"default", option.default_text()},
                                   {"since", since},
                                   {"effect", effect.text},
                                   {"remarks", remarks}}) {
    if (text.empty()) continue;
    absl::StrAppend(&json, json.empty() ? "{" : ",", "\"", name, "\":", JsonText(text));
  }
  json += "}";
  session.printer.Print(
      {nullptr,
       option.key(),
       {{{option.key()}, {sections}, {option.default_text()}, {since}, effect, {type}, {remarks}}},
       "",
       &json});
}

}  // namespace

ExitCode RunDirectives(const Session& session) {
  Machine machine;
  // The keys are known without a daemon; only it knows its machine.
  const absl::StatusOr<v1::GetServerResponse> server = session.client.Server();
  machine.known = server.ok();
  if (server.ok()) machine.server = *server;
  std::vector<Entry> all;
  Walk(*v1::UnitDefinition::descriptor(), "", all);
  session.printer.Columns(
      {{"KEY"}, {"SECTION"}, {"DEFAULT"}, {"SINCE"}, {"EFFECT"}, {"VALUE"}, {"REMARKS", true}});
  size_t shown = 0;
  for (const Entry& entry : all) {
    if (!IsWanted(entry, session.options.operands)) continue;
    Print(session, entry, machine);
    ++shown;
  }
  session.printer.Flush(absl::StrCat(shown, shown == 1 ? " directive." : " directives."));
  if (shown > 0) return ExitCode::kSuccess;
  session.Say("no directive is called so");
  return ExitCode::kFailed;
}

}  // namespace socketd::cli
