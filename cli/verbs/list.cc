#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

Row RowOf(const v1::Unit& unit) {
  const v1::UnitStatus& status = unit.status();
  const Tone tone = ToneOf(status.active_state());
  return {{BareName(unit), tone},
          {Spelling(status.load_state()), ToneOf(status.load_state())},
          {Spelling(status.active_state()), tone},
          {status.sub_state(), tone},
          {status.job()},
          {unit.definition().unit().description()},
          {CauseText(status.cause())},
          {status.fragment_path()}};
}

std::string Total(int units) {
  return units == 0 ? "No units." : absl::StrCat(units, units == 1 ? " unit." : " units.");
}

}  // namespace

ExitCode RunList(const Session& session) {
  v1::ListUnitsRequest request;
  // Descriptions are part of the definition, which is not sent unless somebody wants to see it.
  const bool names_only = session.options.output == "name" || session.options.output == "table";
  request.set_view(names_only ? v1::UNIT_VIEW_BASIC : v1::UNIT_VIEW_FULL);
  for (const std::string& operand : session.options.operands) {
    request.add_patterns(IsPattern(operand) ? operand : FullUnitName(operand));
  }
  for (const std::string& state : session.options.states)
    request.add_states(state);
  for (const std::string& type : session.options.types)
    request.add_types(type);
  const absl::StatusOr<v1::ListUnitsResponse> list = session.client.List(request);
  if (!list.ok()) return session.Fail("", list.status());

  session.printer.Columns({{"UNIT"},
                           {"LOAD"},
                           {"ACTIVE"},
                           {"SUB"},
                           {"JOB"},
                           {"DESCRIPTION", true},
                           {"CAUSE", true},
                           {"FILE", true}});
  for (const v1::Unit& unit : list->units()) {
    session.printer.Print({&unit, BareName(unit), {RowOf(unit)}, ""});
  }
  session.printer.Flush(Total(list->units_size()));
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
