// Any text is read as the types of unit whose sections it has. What was understood can be sent,
// passes the checks of a definition that came by RPC, and is written as text that reads back the
// same without a fatal problem.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/message_differencer.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/check.h"
#include "server/base/text.h"
#include "server/unit/definition_rules.h"
#include "server/unit/schema.h"
#include "server/unit/specifiers.h"

namespace socketd {
namespace {

using google::protobuf::util::MessageDifferencer;

void CheckSentences(const Problems& problems) {
  for (const Problem& problem : problems)
    CHECK(!problem.message.empty() && problem.line >= 0 && IsCleanUtf8(ToText(problem)));
}

auto CountFatal(const Problems& problems) {
  return std::count_if(problems.begin(), problems.end(), [](const Problem& p) { return p.fatal; });
}

// A definition is sent as it is, and as text.
void ComesBack(const UnitName& name, const v1::UnitDefinition& definition) {
  v1::UnitDefinition again;
  CHECK(again.ParseFromString(definition.SerializeAsString()));
  CHECK(MessageDifferencer::Equals(definition, again));

  again.Clear();
  Problems problems;
  ReadUnitFile(name, {"again", WriteUnitFile(definition)}, again, problems);
  CHECK(CountFatal(problems) == 0);
  CHECK(MessageDifferencer::Equals(definition, again));
}

// Text can say no value that a definition must not have; only the rules between fields are left.
void Passes(const UnitName& name, const v1::UnitDefinition& definition) {
  Problems of_rules;
  CheckRules(definition, of_rules);
  Problems of_all;
  CheckDefinition(name, definition, of_all);
  CHECK(CountFatal(of_all) == CountFatal(of_rules));
  WarnUnenforced(definition, of_all);
  CheckSentences(of_all);
}

void ReadAndUse(absl::string_view unit, absl::string_view text) {
  const UnitName name = *UnitName::Parse(unit);
  v1::UnitDefinition definition;
  Problems problems;
  ReadUnitFile(name, {"fuzz", text}, definition, problems);
  CheckSentences(problems);
  ComesBack(name, definition);
  Passes(name, definition);

  if (!ExpandDefinition(name, Surroundings(), definition).ok()) return;
  Problems expanded;
  CheckExpandedDefinition(name, definition, expanded);
  CheckSentences(expanded);
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const bool is_socket = absl::StrContains(text, "[Socket]");
  const bool is_service = absl::StrContains(text, "[Service]");
  // \xff in an instance: %I is no UTF-8 text then.
  if (is_socket) socketd::ReadAndUse("a-b@c.socket", text);
  if (is_service) socketd::ReadAndUse("a-b@c\\xff.service", text);
  if (!is_socket && !is_service) socketd::ReadAndUse("a.target", text);
  return 0;
}
