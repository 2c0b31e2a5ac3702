// Any text is read as each type of unit; what was understood is written, and must read back the
// same without a fatal problem.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/util/message_differencer.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/check.h"
#include "server/unit/schema.h"
#include "server/unit/specifiers.h"

namespace socketd {
namespace {

void ReadWriteRead(const UnitName& name, absl::string_view text) {
  v1::UnitDefinition definition;
  Problems problems;
  ReadUnitFile(name, {"fuzz", text}, definition, problems);
  for (const Problem& problem : problems)
    CHECK(!problem.message.empty() && problem.line >= 0 && !ToText(problem).empty());

  v1::UnitDefinition again;
  Problems fatal;
  ReadUnitFile(name, {"again", WriteUnitFile(definition)}, again, fatal);
  for (const Problem& problem : fatal)
    CHECK(!problem.fatal);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(definition, again));

  Problems checked;
  CheckDefinition(name, definition, checked);
  WarnUnenforced(definition, checked);
  if (ExpandDefinition(name, Surroundings(), definition).ok()) {
    CheckExpandedDefinition(name, definition, checked);
  }
  for (const Problem& problem : checked)
    CHECK(!problem.message.empty());
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"a-b@c.socket", "a-b@c.service", "a.target"})
    socketd::ReadWriteRead(*socketd::UnitName::Parse(name), text);
  return 0;
}
