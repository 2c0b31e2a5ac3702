#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "cli/client.h"
#include "cli/failure.h"
#include "cli/hint.h"
#include "cli/unit_text.h"
#include "cli/verbs/verbs.h"

namespace socketd::cli {
namespace {

// A page about one unit. Lines with nothing to say are left out.
class Page {
 public:
  Page(const Session& session, const v1::Unit& unit)
      : around_(session.around), unit_(unit), status_(unit.status()) {}

  std::string Text() {
    Head();
    State();
    Links();
    Socket();
    Service();
    if (status_.source_changed()) {
      Line("Warning", "its files have changed on disk: run socketctl daemon-reload to read them");
    }
    for (const std::string& warning : status_.warnings())
      Line("Warning", warning);
    Log();
    const std::string hint = HintFor(unit_);
    if (!hint.empty()) absl::StrAppend(&text_, "\nHint: ", hint, "\n");
    return text_;
  }

 private:
  void Line(absl::string_view title, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&text_, absl::StrFormat("%12s: ", title), Harmless(value), "\n");
  }

  std::string Tint(absl::string_view text, Tone tone) const {
    return Tinted(Harmless(text), tone, around_.colour);
  }

  std::string Ago(absl::Time time) const {
    const std::string clock = absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", time, around_.zone);
    return absl::StrCat(clock, "; ", Age(around_.now() - time), " ago");
  }

  absl::string_view Dot() const {
    if (status_.active_state() == v1::ACTIVE_STATE_FAILED) return "×";
    return status_.active_state() == v1::ACTIVE_STATE_INACTIVE ? "○" : "●";
  }

  void Head() {
    absl::StrAppend(&text_, Tint(Dot(), ToneOf(status_.active_state())));
    absl::StrAppend(&text_, " ", Harmless(BareName(unit_)));
    const std::string& description = unit_.definition().unit().description();
    absl::StrAppend(&text_, description.empty() ? "" : " - ", Harmless(description), "\n");
  }

  void State() {
    std::string loaded = Tint(Spelling(status_.load_state()), ToneOf(status_.load_state()));
    std::vector<std::string> files;
    if (!status_.fragment_path().empty()) files.push_back(status_.fragment_path());
    files.insert(files.end(), status_.drop_in_paths().begin(), status_.drop_in_paths().end());
    if (!files.empty()) absl::StrAppend(&loaded, " (", Harmless(absl::StrJoin(files, ", ")), ")");
    absl::StrAppend(&text_, "      Loaded: ", loaded, "\n");
    Line("Load error", status_.load_error());

    const std::string words =
        absl::StrCat(Spelling(status_.active_state()), " (", status_.sub_state(), ")");
    absl::StrAppend(&text_, "      Active: ", Tint(words, ToneOf(status_.active_state())));
    if (status_.has_changed()) {
      absl::StrAppend(&text_, " since ", Ago(TimeOf(status_.changed())));
    }
    absl::StrAppend(&text_, "\n");
    Line("Why", CauseText(status_.cause()));
    if (status_.result() != v1::RESULT_SUCCESS) Line("Result", Spelling(status_.result()));
    StartCheck();
    Line("Job", status_.job());
  }

  // Why the last start came to nothing.
  void StartCheck() {
    const v1::StartCheck& check = status_.start_check();
    if (check.unmet().empty()) return;
    Line(check.conditions_met() ? "Assertion" : "Condition",
         absl::StrCat(check.unmet(), "; ", Ago(TimeOf(check.time()))));
  }

  void Links() {
    Line("Triggers", absl::StrJoin(status_.triggers(), ", "));
    Line("Triggered by", absl::StrJoin(status_.triggered_by(), ", "));
  }

  void Socket() {
    if (!status_.has_socket()) return;
    const v1::SocketStatus& socket = status_.socket();
    for (const v1::SocketStatus::Listener& listener : socket.listeners()) {
      const std::string bound =
          listener.bound().empty() ? ", not open" : absl::StrCat(" at ", listener.bound());
      const bool same = listener.bound() == listener.address();
      Line(listener.kind(), absl::StrCat(listener.address(), same ? "" : bound));
    }
    const auto open = std::count_if(socket.listeners().begin(), socket.listeners().end(),
                                    [](const auto& one) { return !one.bound().empty(); });
    if (open > 0 && open < socket.listeners_size())
      Line("Open", absl::StrCat(open, " of ", socket.listeners_size()));
    Line("Connections",
         absl::StrCat(socket.connections(), " now, ", socket.accepted(), " accepted, ",
                      socket.refused(), " refused", Refusals(socket.refusals()), ", ",
                      socket.triggered(), " starts triggered"));
    Failures(socket);
    if (socket.skipped() > 0)
      Line("Skipped", absl::StrCat(Times(socket.skipped()), ": ", socket.skipped_detail()));
    if (socket.coolings() + socket.trigger_limit_hits() + socket.poll_limit_hits() == 0) return;
    Line("Limits",
         absl::StrCat("trigger limit hit ", Times(socket.trigger_limit_hits()), ", poll limit hit ",
                      Times(socket.poll_limit_hits()), ", cooled down ", Times(socket.coolings())));
  }

  void Failures(const v1::SocketStatus& socket) {
    if (socket.failed() == 0) return;
    Line("Failures", absl::StrCat(Times(socket.failed()), ", the last ones:"));
    for (const v1::SocketStatus::InstanceFailure& failure : socket.failures()) {
      Line(absl::FormatTime("%H:%M:%S", TimeOf(failure.time()), around_.zone),
           absl::StrCat(failure.unit(), ": ", Spelling(failure.result()), ", ", failure.detail()));
    }
  }

  static std::string Times(uint64_t count) {
    return absl::StrCat(count, count == 1 ? " time" : " times");
  }

  // By reason, in brackets; those that never were are left out.
  static std::string Refusals(const v1::SocketStatus::Refusals& refusals) {
    std::vector<std::string> reasons;
    const auto add = [&](uint64_t count, absl::string_view reason) {
      if (count > 0) reasons.push_back(absl::StrCat(count, " ", reason));
    };
    add(refusals.max_connections(), "max-connections");
    add(refusals.max_connections_per_source(), "max-connections-per-source");
    add(refusals.stopping(), "stopping");
    add(refusals.resources(), "resources");
    return reasons.empty() ? "" : absl::StrCat(" (", absl::StrJoin(reasons, ", "), ")");
  }

  void Service() {
    const v1::ServiceStatus& service = status_.service();
    if (service.main_pid() != 0) Line("Main process", absl::StrCat(service.main_pid()));
    if (status_.control_pid() != 0)
      Line("Command", absl::StrCat("process ", status_.control_pid()));
    Line("Status", service.status_text());
    Line("Last exit", service.main_exit());
    if (service.restarts() > 0) Line("Restarts", absl::StrCat(service.restarts()));
    Stored(service);
  }

  // What the service gets back when it is started again.
  void Stored(const v1::ServiceStatus& service) {
    if (service.stored() == 0 && service.stored_max() == 0) return;
    Line("FD Store", absl::StrCat(service.stored(), " (limit: ", service.stored_max(), ")"));
    constexpr int kMostShown = 20;
    int shown = 0;
    for (const v1::ServiceStatus::StoredDescriptor& stored : service.stored_descriptors()) {
      if (++shown > kMostShown) continue;
      absl::StrAppend(&text_, std::string(14, ' '), Harmless(stored.name()), " (",
                      Harmless(stored.kind()), ")\n");
    }
    if (shown > kMostShown)
      absl::StrAppend(&text_, std::string(14, ' '), "and ", shown - kMostShown, " more\n");
  }

  void Log() {
    if (status_.log_lines_size() > 0) absl::StrAppend(&text_, "\n");
    for (const v1::LogLine& line : status_.log_lines()) {
      const std::string time =
          absl::FormatTime("%b %d %H:%M:%S", TimeOf(line.time()), around_.zone);
      absl::StrAppend(&text_, time, "  ", Harmless(line.text()), "\n");
    }
  }

  const Surroundings& around_;
  const v1::Unit& unit_;
  const v1::UnitStatus& status_;
  std::string text_;
};

ExitCode CodeOf(const v1::UnitStatus& status) {
  if (status.load_state() == v1::LOAD_STATE_NOT_FOUND) return ExitCode::kNoSuchUnit;
  const bool active = status.active_state() == v1::ACTIVE_STATE_ACTIVE ||
                      status.active_state() == v1::ACTIVE_STATE_RELOADING;
  return active ? ExitCode::kSuccess : ExitCode::kNotActive;
}

// Without a unit: the daemon, and how many of its units have failed.
ExitCode StatusOfServer(const Session& session) {
  const absl::StatusOr<v1::GetServerResponse> server = session.client.Server();
  if (!server.ok()) return session.Fail("", server.status());
  v1::ListUnitsRequest request;
  request.add_states("failed");
  request.set_view(v1::UNIT_VIEW_BASIC);
  const absl::StatusOr<v1::ListUnitsResponse> failed = session.client.List(request);
  if (!failed.ok()) return session.Fail("", failed.status());
  const int count = failed->units_size();
  const absl::Duration age = session.around.now() - TimeOf(server->started());
  std::string text = Tinted("●", count == 0 ? Tone::kGood : Tone::kBad, session.around.colour);
  absl::StrAppend(&text, " socketd ", server->version(), " at ", session.client.address().text);
  absl::StrAppend(&text, "\n     Process: ", server->pid(), ", up for ", Age(age));
  absl::StrAppend(&text, "\n       Units: ", server->units(), " loaded, ", count, " failed");
  absl::StrAppend(&text, "\n    Revision: ", server->revision());
  absl::StrAppend(&text, "\n  Unit paths: ", absl::StrJoin(server->unit_paths(), ":"), "\n");
  for (const v1::Unit& unit : failed->units()) {
    absl::StrAppend(&text, "\n  ", BareName(unit), ": ", Spelling(unit.status().result()));
  }
  if (count > 0) absl::StrAppend(&text, "\n");
  session.printer.Print(
      {&*server, absl::StrCat("socketd/", server->version()), {}, Harmless(text)});
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunStatus(const Session& session) {
  if (session.options.operands.empty()) return StatusOfServer(session);
  bool first = true;
  return ForEachUnit(session, [&](const std::string& name) -> absl::StatusOr<ExitCode> {
    const absl::StatusOr<v1::Unit> unit = session.client.Get(name, v1::UNIT_VIEW_FULL);
    if (!unit.ok()) return unit.status();
    const std::string text = absl::StrCat(first ? "" : "\n", Page(session, *unit).Text());
    session.printer.Print({&*unit, BareName(*unit), {}, text});
    first = false;
    return CodeOf(unit->status());
  });
}

}  // namespace socketd::cli
