#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

struct Property {
  absl::string_view key;
  std::string (*value)(const v1::Unit&, absl::TimeZone);
};

std::string Stamp(bool known, const google::protobuf::Timestamp& stamp, absl::TimeZone zone) {
  return known ? absl::FormatTime("%Y-%m-%d %H:%M:%E6S %Z", TimeOf(stamp), zone) : "";
}

// Empty where nobody has looked.
std::string Answer(bool known, bool yes) {
  return !known ? "" : yes ? "yes" : "no";
}

// As LISTEN_FDNAMES will have them.
std::string StoredNames(const v1::ServiceStatus& service) {
  return absl::StrJoin(service.stored_descriptors(), ":",
                       [](std::string* out, const v1::ServiceStatus::StoredDescriptor& stored) {
                         out->append(stored.name());
                       });
}

#define SHOWN(expression)                                                      \
  [](const v1::Unit& u, [[maybe_unused]] absl::TimeZone zone) -> std::string { \
    [[maybe_unused]] const v1::UnitStatus& s = u.status();                     \
    return expression;                                                         \
  }

// What the unit does, under the names that systemctl gives to the same things.
const std::array<Property, 44> kProperties = {{
    {"Id", SHOWN(BareName(u))},
    {"Names", SHOWN(absl::StrJoin(u.aliases(), " "))},
    {"LoadState", SHOWN(Spelling(s.load_state()))},
    {"LoadError", SHOWN(s.load_error())},
    {"ActiveState", SHOWN(Spelling(s.active_state()))},
    {"SubState", SHOWN(s.sub_state())},
    {"Result", SHOWN(Spelling(s.result()))},
    {"Cause", SHOWN(CauseText(s.cause()))},
    {"StateChangeTimestamp", SHOWN(Stamp(s.has_changed(), s.changed(), zone))},
    {"ActiveEnterTimestamp", SHOWN(Stamp(s.has_active_since(), s.active_since(), zone))},
    {"InactiveEnterTimestamp", SHOWN(Stamp(s.has_inactive_since(), s.inactive_since(), zone))},
    {"ConditionTimestamp", SHOWN(Stamp(s.has_start_check(), s.start_check().time(), zone))},
    {"ConditionResult", SHOWN(Answer(s.has_start_check(), s.start_check().conditions_met()))},
    {"AssertResult",
     SHOWN(Answer(s.start_check().conditions_met(), s.start_check().assertions_met()))},
    {"NotMet", SHOWN(s.start_check().unmet())},
    {"Job", SHOWN(s.job())},
    {"FragmentPath", SHOWN(s.fragment_path())},
    {"DropInPaths", SHOWN(absl::StrJoin(s.drop_in_paths(), " "))},
    {"NeedDaemonReload", SHOWN(s.source_changed() ? "yes" : "no")},
    {"InvocationID", SHOWN(s.invocation_id())},
    {"ControlPID", SHOWN(absl::StrCat(s.control_pid()))},
    {"MainPID", SHOWN(absl::StrCat(s.service().main_pid()))},
    {"NRestarts", SHOWN(absl::StrCat(s.service().restarts()))},
    {"StatusText", SHOWN(s.service().status_text())},
    {"MainExit", SHOWN(s.service().main_exit())},
    {"NFileDescriptorStore", SHOWN(absl::StrCat(s.service().stored()))},
    {"FileDescriptorStoreNames", SHOWN(StoredNames(s.service()))},
    {"NConnections", SHOWN(absl::StrCat(s.socket().connections()))},
    {"NAccepted", SHOWN(absl::StrCat(s.socket().accepted()))},
    {"NRefused", SHOWN(absl::StrCat(s.socket().refused()))},
    {"NRefusedMaxConnections", SHOWN(absl::StrCat(s.socket().refusals().max_connections()))},
    {"NRefusedMaxConnectionsPerSource",
     SHOWN(absl::StrCat(s.socket().refusals().max_connections_per_source()))},
    {"NRefusedStopping", SHOWN(absl::StrCat(s.socket().refusals().stopping()))},
    {"NRefusedResources", SHOWN(absl::StrCat(s.socket().refusals().resources()))},
    {"NFailed", SHOWN(absl::StrCat(s.socket().failed()))},
    {"NSkipped", SHOWN(absl::StrCat(s.socket().skipped()))},
    {"NTriggered", SHOWN(absl::StrCat(s.socket().triggered()))},
    {"NTriggerLimitHits", SHOWN(absl::StrCat(s.socket().trigger_limit_hits()))},
    {"NPollLimitHits", SHOWN(absl::StrCat(s.socket().poll_limit_hits()))},
    {"NCoolings", SHOWN(absl::StrCat(s.socket().coolings()))},
    {"Triggers", SHOWN(absl::StrJoin(s.triggers(), " "))},
    {"TriggeredBy", SHOWN(absl::StrJoin(s.triggered_by(), " "))},
    {"Revision", SHOWN(absl::StrCat(u.revision()))},
    {"Etag", SHOWN(u.etag())},
}};

#undef SHOWN

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The directives, as the daemon wrote them: it alone knows how a value is spelled.
void AddDirectives(const v1::Unit& unit, Pairs& pairs) {
  for (const absl::string_view line : absl::StrSplit(unit.unit_file(), '\n')) {
    const size_t equals = line.find('=');
    const bool directive = equals != absl::string_view::npos && equals > 0 &&
                           absl::ascii_isalpha(static_cast<unsigned char>(line.front()));
    if (directive) pairs.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
}

std::string TextOf(const Session& session, const v1::Unit& unit) {
  Pairs pairs;
  for (const Property& property : kProperties) {
    pairs.emplace_back(property.key, property.value(unit, session.around.zone));
  }
  AddDirectives(unit, pairs);
  const std::vector<std::string>& wanted = session.options.properties;
  std::string text;
  for (const auto& [key, value] : pairs) {
    const bool shown =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), key) != wanted.end();
    if (!shown) continue;
    absl::StrAppend(&text, session.options.value ? "" : absl::StrCat(key, "="), value, "\n");
  }
  return Harmless(text);
}

}  // namespace

ExitCode RunShow(const Session& session) {
  bool first = true;
  return ForEachUnit(session, [&](const std::string& name) -> absl::StatusOr<ExitCode> {
    const absl::StatusOr<v1::Unit> unit = session.client.Get(name, v1::UNIT_VIEW_FULL);
    if (!unit.ok()) return unit.status();
    const std::string text = absl::StrCat(first ? "" : "\n", TextOf(session, *unit));
    session.printer.Print({&*unit, BareName(*unit), {}, text});
    first = false;
    return ExitCode::kSuccess;
  });
}

}  // namespace socketd::cli
