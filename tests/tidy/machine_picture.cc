#include "tests/tidy/machine_picture.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/engine/service_machine.h"
#include "server/engine/socket_machine.h"
#include "server/unit/unit_state.h"

namespace socketd::tidy {
namespace {

const char* WordsOf(SocketAwait wait) {
  switch (wait) {
    case SocketAwait::kNothing:
      return "nothing";
    case SocketAwait::kExecPre:
      return "`ExecStartPre=`";
    case SocketAwait::kOpening:
      return "the ports to open";
    case SocketAwait::kExecPost:
      return "`ExecStartPost=`";
    case SocketAwait::kTraffic:
      return "traffic";
    case SocketAwait::kServiceEnd:
      return "the service's end";
    case SocketAwait::kDeferral:
      return "what is in the way to rest";
    case SocketAwait::kCoolDown:
      return "a time to pass, after too much";
    case SocketAwait::kResume:
      return "an operator's word";
    case SocketAwait::kExecStopPre:
      return "`ExecStopPre=`";
    case SocketAwait::kSigterm:
      return "processes to go, signalled";
    case SocketAwait::kSigkill:
      return "processes to go, killed";
    case SocketAwait::kExecEnd:
      return "`ExecStopPost=`";
  }
  return "";
}

const char* WordsOf(ServiceAwait wait) {
  switch (wait) {
    case ServiceAwait::kNothing:
      return "nothing";
    case ServiceAwait::kExecPre:
      return "`ExecStartPre=`";
    case ServiceAwait::kReady:
      return "what `Type=` calls ready";
    case ServiceAwait::kExecPost:
      return "`ExecStartPost=`";
    case ServiceAwait::kMainEnd:
      return "the main process's end";
    case ServiceAwait::kStay:
      return "a stop";
    case ServiceAwait::kReloaded:
      return "the reload's end";
    case ServiceAwait::kExecStop:
      return "`ExecStop=`";
    case ServiceAwait::kSigterm:
      return "processes to go, signalled";
    case ServiceAwait::kSigkill:
      return "processes to go, killed";
    case ServiceAwait::kExecEnd:
      return "`ExecStopPost=`";
    case ServiceAwait::kDelay:
      return "`RestartSec=`, if `Restart=` says so";
  }
  return "";
}

template <typename State>
std::string NodeOf(State state) {
  return std::string(NameOf(state));
}

using Arrows = std::map<std::string, std::set<std::string>>;  // target -> what leads there

template <typename Row>
void DrawArrows(const Row& row, const Arrows& arrows, std::string& out) {
  for (const auto& [target, labels] : arrows)
    absl::StrAppend(&out, "    ", NodeOf(row.state), " --> ", target, ": ",
                    absl::StrJoin(labels, ", "), "\n");
}

template <typename Row, typename Cells>
std::string Draw(const Table<Row>& table, const std::vector<const char*>& columns, Cells cells) {
  std::string picture = "```mermaid\nstateDiagram-v2\n    [*] --> dead\n    dead --> ";
  absl::StrAppend(&picture, NodeOf(StartOf(table[0])), ": start\n    failed --> ",
                  NodeOf(StartOf(table[0])), ": start\n");
  std::string rows =
      absl::StrCat("| state | waits for | ", absl::StrJoin(columns, " | "), " |\n|", "---|---|");
  for (size_t i = 0; i < columns.size(); ++i)
    absl::StrAppend(&rows, "---|");
  rows += "\n";
  for (const Row& row : table) {
    absl::StrAppend(&rows, "| ", NodeOf(row.state), " | ", WordsOf(row.awaits), " |");
    Arrows arrows;
    const auto ends = cells(row);
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool none = ends[i] == StateOf<Row>::kNever;
      absl::StrAppend(&rows, " ", none ? "" : NodeOf(ends[i]), none ? "|" : " |");
      if (!none) arrows[NodeOf(ends[i])].insert(columns[i]);
    }
    rows += "\n";
    DrawArrows(row, arrows, picture);
  }
  return absl::StrCat(rows, "\n", picture, "```\n");
}

std::string Replaced(absl::string_view page, absl::string_view name, const std::string& drawing) {
  const std::string begin =
      absl::StrCat("<!-- ", name, ": drawn by //tests/tidy:draw_machines -->\n");
  const std::string end = absl::StrCat("<!-- end of ", name, " -->");
  const size_t from = page.find(begin);
  const size_t to = page.find(end);
  if (from == absl::string_view::npos || to == absl::string_view::npos) return std::string(page);
  return absl::StrCat(page.substr(0, from + begin.size()), "\n", drawing, "\n", page.substr(to));
}

}  // namespace

std::string DrawSocketMachine() {
  return Draw(kSocketMachine, {"done", "failed", "late", "skip", "stop", "over", "pause"},
              [](const SocketRow& row) {
                return std::vector<SocketState>{row.done, row.failed, row.late, row.skip,
                                                row.stop, row.over,   row.pause};
              });
}

std::string DrawServiceMachine() {
  return Draw(kServiceMachine, {"done", "failed", "late", "skip", "stop", "reload"},
              [](const ServiceRow& row) {
                return std::vector<ServiceState>{row.done, row.failed, row.late,
                                                 row.skip, row.stop,   row.reload};
              });
}

std::string WithDrawings(absl::string_view page) {
  return Replaced(Replaced(page, "socket machine", DrawSocketMachine()), "service machine",
                  DrawServiceMachine());
}

}  // namespace socketd::tidy
