#include "absl/strings/str_cat.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

std::vector<Row> RowsOf(const v1::Unit& unit) {
  const v1::UnitStatus& status = unit.status();
  const v1::SocketStatus& socket = status.socket();
  const Tone tone = ToneOf(status.active_state());
  std::vector<Row> rows;
  for (const v1::SocketStatus::Listener& listener : socket.listeners()) {
    const bool open = !listener.bound().empty();
    rows.push_back({{open ? listener.bound() : listener.address(), open ? tone : Tone::kFaint},
                    {listener.kind()},
                    {BareName(unit)},
                    {status.sub_state(), tone},
                    {socket.service()},
                    {absl::StrCat(socket.connections())},
                    {absl::StrCat(socket.accepted())},
                    {absl::StrCat(socket.refused())},
                    {absl::StrCat(socket.triggered())}});
  }
  return rows;
}

}  // namespace

ExitCode RunListSockets(const Session& session) {
  v1::ListUnitsRequest request;
  request.set_view(v1::UNIT_VIEW_BASIC);
  request.add_types("socket");
  for (const std::string& operand : session.options.operands) {
    const bool whole = IsPattern(operand) || operand.find('.') != std::string::npos;
    request.add_patterns(whole ? operand : absl::StrCat(operand, ".socket"));
  }
  for (const std::string& state : session.options.states)
    request.add_states(state);
  const absl::StatusOr<v1::ListUnitsResponse> list = session.client.List(request);
  if (!list.ok()) return session.Fail("", list.status());

  session.printer.Columns({{"LISTEN"},
                           {"KIND"},
                           {"UNIT"},
                           {"STATE"},
                           {"ACTIVATES"},
                           {"CONNECTIONS", true},
                           {"ACCEPTED", true},
                           {"REFUSED", true},
                           {"TRIGGERED", true}});
  size_t addresses = 0;
  for (const v1::Unit& unit : list->units()) {
    std::vector<Row> rows = RowsOf(unit);
    addresses += rows.size();
    session.printer.Print({&unit, BareName(unit), std::move(rows), ""});
  }
  session.printer.Flush(absl::StrCat(addresses, addresses == 1 ? " address of " : " addresses of ",
                                     list->units_size(),
                                     list->units_size() == 1 ? " socket." : " sockets."));
  return ExitCode::kSuccess;
}

}  // namespace socketd::cli
