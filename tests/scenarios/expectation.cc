#include "tests/scenarios/expectation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "server/base/errors.h"
#include "tests/scenarios/unit_line.h"

namespace socketd::sim {
namespace {

using Words = std::vector<std::string>;
using Looked = std::map<std::string, int64_t>;

// Whether states on the way to the present one count.
enum class Way { kAsExpected, kAny };

absl::Status Unexpected(absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "UNEXPECTED", what);
}

absl::Status Compare(absl::string_view about, absl::string_view is, absl::string_view expected) {
  if (is == expected) return absl::OkStatus();
  return Unexpected(absl::StrCat(about, " is ", is, ", expected ", expected));
}

// The states that `unit` came to after revision `since`, oldest first.
Words MovesSince(const World& world, const std::string& unit, int64_t since) {
  Words moves;
  for (const Change& change : world.changes()) {
    if (change.unit != unit || change.revision <= since || change.from == change.to) continue;
    moves.emplace_back(change.to);
  }
  return moves;
}

// "created", "changed" or "gone", each with its cause; empty for a move.
std::string NewsOf(const Change& change) {
  const absl::string_view what = change.from.empty()        ? "created"
                                 : change.to.empty()        ? "gone"
                                 : change.from == change.to ? "changed"
                                                            : "";
  if (what.empty()) return "";
  return absl::StrCat(what, ":", NameOf(change.cause.kind));
}

int64_t LastRevision(const World& world) {
  return world.changes().empty() ? 0 : world.changes().back().revision;
}

// "STATE with RESULT": compares the result, leaves the state.
absl::Status TakeResult(const World& world, const std::string& unit, Words& words) {
  if (words.size() < 2 || words[words.size() - 2] != "with") return absl::OkStatus();
  const UnitSnapshotPtr found = world.Find(unit);
  const absl::string_view result = found == nullptr ? "" : NameOf(found->result);
  const std::string expected = words.back();
  words.resize(words.size() - 2);
  return Compare(absl::StrCat("the result of ", unit), result, expected);
}

// One unit with the states on its way; the last one is where it is now.
absl::Status ExpectStates(
    World& world, Looked& looked, const std::string& unit, Words states, Way way) {
  const int64_t since = std::exchange(looked[unit], LastRevision(world));
  const absl::string_view now = world.StateOf(unit);
  const Words moves = MovesSince(world, unit, since);
  const std::string trail =
      absl::StrCat(now.empty() ? "no unit" : now, " (moves: ", absl::StrJoin(moves, ", "), ")");
  if (now != states.back()) {
    return Unexpected(absl::StrCat(unit, " is ", trail, ", expected ", states.back()));
  }
  if (way == Way::kAny) return absl::OkStatus();
  auto at = moves.begin();
  for (size_t i = 0; i + 1 < states.size(); ++i) {
    at = std::find(at, moves.end(), states[i]);
    if (at == moves.end()) {
      return Unexpected(absl::StrCat(unit, " was not ", states[i], "; it is ", trail));
    }
  }
  return absl::OkStatus();
}

absl::Status ExpectUnits(World& world, Looked& looked, const std::string& text, Way way) {
  std::string unit;
  Words states;
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (size_t i = 0; i < parts.size(); ++i) {
    Words words = SplitWords(std::string(absl::StripAsciiWhitespace(parts[i])));
    const bool goes_on = !words.empty() && words[0] == "then";
    if (!goes_on && words.size() > 1) unit = words[0];
    if (words.size() < 2 || unit.empty()) return Unexpected(absl::StrCat("cannot read ", text));
    if (absl::Status result = TakeResult(world, unit, words); !result.ok()) return result;
    states.push_back(words.back());
    const bool last = i + 1 == parts.size() ||
                      !absl::StartsWith(absl::StripAsciiWhitespace(parts[i + 1]), "then ");
    if (!last) continue;
    absl::Status met = ExpectStates(world, looked, unit, std::exchange(states, {}), way);
    if (!met.ok()) return met;
  }
  return absl::OkStatus();
}

absl::Status ExpectMoves(World& world, Looked& looked, const Words& words) {
  if (words.size() < 2) return Unexpected("moves of what?");
  const int64_t since = std::exchange(looked[words[1]], LastRevision(world));
  const Words expected(words.begin() + 2, words.end());
  return Compare(absl::StrCat("the way of ", words[1]),
                 absl::StrJoin(MovesSince(world, words[1], since), " "),
                 absl::StrJoin(expected, " "));
}

absl::Status ExpectNews(World& world, Looked& looked, const Words& words) {
  if (words.size() < 2) return Unexpected("news of what?");
  const int64_t since = std::exchange(looked[words[1]], LastRevision(world));
  Words news;
  for (const Change& change : world.changes()) {
    if (change.unit != words[1] || change.revision <= since) continue;
    if (std::string one = NewsOf(change); !one.empty()) news.push_back(std::move(one));
  }
  const Words expected(words.begin() + 2, words.end());
  return Compare(absl::StrCat("the news of ", words[1]), absl::StrJoin(news, " "),
                 absl::StrJoin(expected, " "));
}

// The last request about a unit; null if there was none.
const Asked* LastAsked(const World& world, const std::string& unit) {
  for (auto at = world.asked().rbegin(); at != world.asked().rend(); ++at) {
    if ((*at)->unit == unit) return at->get();
  }
  return nullptr;
}

absl::Status ExpectAnswer(const World& world, const Words& words) {
  if (words.size() != 3) return Unexpected("expected `answer UNIT ok|pending|REASON`");
  const Asked* const asked = LastAsked(world, words[1]);
  if (asked == nullptr) return Unexpected("nobody asked");
  const std::string is = !asked->done         ? "pending"
                         : asked->status.ok() ? "ok"
                                              : ReasonOf(asked->status);
  return Compare(absl::StrCat("the answer for ", words[1], " (", asked->status.ToString(), ")"), is,
                 words[2]);
}

absl::Status ExpectWarning(const World& world, const Words& words) {
  if (words.size() != 3) return Unexpected("expected `warning UNIT \"TEXT\"`");
  const Asked* const asked = LastAsked(world, words[1]);
  if (asked == nullptr) return Unexpected("nobody asked");
  return Compare(absl::StrCat("what ", words[1], " is warned of"),
                 absl::StrJoin(asked->warnings, ", "), words[2]);
}

absl::Status ExpectDump(World& world, const Words& words) {
  if (words.size() != 3) return Unexpected("expected `dump UNIT \"LINE\"`");
  std::string dump;
  world.engine().handle().Dump(words[1], [&dump](const absl::StatusOr<DumpReport>& report) {
    dump = report.ok() ? report->text : report.status().ToString();
  });
  world.Settle();
  const std::vector<std::string> lines = absl::StrSplit(dump, '\n');
  for (const std::string& line : lines) {
    if (absl::StripAsciiWhitespace(line) == words[2]) return absl::OkStatus();
  }
  return Unexpected(absl::StrCat("no line ", words[2], " in the dump:\n", dump));
}

// What the daemon keeps for a unit, the newest first.
absl::Status ExpectStored(const World& world, const Words& words) {
  const UnitSnapshotPtr unit = world.Find(words[1]);
  if (unit == nullptr) return Unexpected(absl::StrCat("there is no ", words[1]));
  Words names;
  if (unit->service.stored != nullptr)
    for (const StoredDescriptor& stored : *unit->service.stored)
      names.push_back(stored.name);
  return Compare(absl::StrCat("what is kept for ", words[1]), absl::StrJoin(names, " "),
                 absl::StrJoin(Words(words.begin() + 2, words.end()), " "));
}

Words AddressesOf(const FakeProcess& process) {
  Words addresses;
  for (const auto& file : process.files) {
    addresses.push_back(!file->label.empty() ? file->label
                        : file->talk ? absl::StrCat("connection:", ToText(file->talk->local))
                                     : ToText(file->bound));
  }
  return addresses;
}

absl::Status ExpectVariable(const FakeProcess& process, const Words& words) {
  const auto& environment = process.environment;
  const std::string& program = words[0];
  if (words.size() == 4 && words[2] == "no") {
    const std::string prefix = absl::StrCat(words[3], "=");
    for (const std::string& entry : environment)
      if (absl::StartsWith(entry, prefix)) return Unexpected(absl::StrCat(program, " has ", entry));
    return absl::OkStatus();
  }
  if (words.size() != 3) return Unexpected("expected `PROGRAM has NAME=VALUE` or `has no NAME`");
  const bool has = std::find(environment.begin(), environment.end(), words[2]) != environment.end();
  if (has) return absl::OkStatus();
  return Unexpected(absl::StrCat(program, " has only ", absl::StrJoin(environment, " ")));
}

absl::Status ExpectProcess(const World& world, const Words& words) {
  const FakeProcesses& processes = world.kernel().processes();
  const std::string& program = words[0];
  const FakeProcess* process = processes.Find(program);
  if (words[1] == "runs" && words.size() == 3) {
    return Compare(absl::StrCat("the number of runs of ", program),
                   absl::StrCat(processes.runs(program)), words[2]);
  }
  if (words[1] == "gone") return Compare(program, process == nullptr ? "gone" : "alive", "gone");
  if (process == nullptr) return Unexpected(absl::StrCat(program, " does not run"));
  if (words[1] == "alive") return absl::OkStatus();
  if (words[1] == "leads" && words.size() == 3) {
    return Compare(absl::StrCat("what ", program, " leads"),
                   process->own_session ? "session" : "group", words[2]);
  }
  if (words[1] == "got") {
    return Compare(absl::StrCat("what ", program, " got"),
                   absl::StrJoin(AddressesOf(*process), " "),
                   absl::StrJoin(Words(words.begin() + 2, words.end()), " "));
  }
  if (words[1] == "has") return ExpectVariable(*process, words);
  return Unexpected(absl::StrCat("cannot read ", absl::StrJoin(words, " ")));
}

absl::Status ExpectTraffic(World& world, const Words& words) {
  FakePorts& ports = world.kernel().ports();
  if (words[0] == "waiting" && words.size() == 3) {
    return Compare(absl::StrCat("what waits at ", words[1]), absl::StrCat(ports.Waiting(words[1])),
                   words[2]);
  }
  if (words[0] == "refused" && words.size() == 2) {
    return Compare(words[1], ports.Connect(words[1]).ok() ? "open" : "refused", "refused");
  }
  if (words[0] == "accepted" && words.size() == 2) {
    const auto& clients = ports.clients();
    const auto count = std::count_if(clients.begin(), clients.end(),
                                     [](const Client& client) { return client->accepted_by >= 0; });
    return Compare("the number of accepted connections", absl::StrCat(count), words[1]);
  }
  return Unexpected("cannot read this");
}

absl::Status ExpectPort(const World& world, const Words& words) {
  const auto file = world.kernel().ports().Find(words[1]);
  if (words.size() != 3 || file == nullptr) return Unexpected("nobody listens there");
  const ListenSpec& spec = file->spec;
  const std::string v6 = spec.ipv6_only == Ipv6Only::kIpv6Only ? "v6only"
                         : spec.ipv6_only == Ipv6Only::kBoth   ? "both"
                                                               : "default";
  const std::vector<std::string> facts = {v6, absl::StrFormat("mode=%04o", spec.mode),
                                          absl::StrFormat("folders=%04o", spec.directory_mode),
                                          absl::StrCat("backlog=", spec.backlog)};
  if (std::find(facts.begin(), facts.end(), words[2]) != facts.end()) return absl::OkStatus();
  return Unexpected(absl::StrCat(words[1], " has ", absl::StrJoin(facts, " ")));
}

absl::Status ExpectFile(const World& world, const std::string& path, bool there) {
  const bool is = world.kernel().files().Find(path) != nullptr;
  return Compare(path, is ? "there" : "not there", there ? "there" : "not there");
}

absl::Status ExpectAny(World& world, Looked& looked, const std::string& expectation, Way way) {
  const Words words = SplitWords(expectation);
  if (words.size() < 2) return Unexpected("expect what?");
  if (words[0] == "moves") return ExpectMoves(world, looked, words);
  if (words[0] == "news") return ExpectNews(world, looked, words);
  if (words[0] == "answer") return ExpectAnswer(world, words);
  if (words[0] == "warning") return ExpectWarning(world, words);
  if (words[0] == "stored") return ExpectStored(world, words);
  if (words[0] == "port") return ExpectPort(world, words);
  if (words[0] == "dump") return ExpectDump(world, words);
  if (words[0] == "file") return ExpectFile(world, words[1], true);
  if (words[0] == "no" && words.size() == 3) return ExpectFile(world, words[2], false);
  if (absl::StartsWith(words[0], "/")) return ExpectProcess(world, words);
  if (words[0] == "waiting" || words[0] == "refused" || words[0] == "accepted") {
    return ExpectTraffic(world, words);
  }
  return ExpectUnits(world, looked, expectation, way);
}

}  // namespace

absl::Status Expect(World& world, Looked& looked, const std::string& expectation) {
  return ExpectAny(world, looked, expectation, Way::kAsExpected);
}

absl::Status ExpectAfterRepeating(World& world, Looked& looked, const std::string& expectation) {
  const Words words = SplitWords(expectation);
  if (words.size() < 2) return Unexpected("expect what?");
  constexpr absl::string_view kCounted[] = {"moves", "news", "answer", "warning", "dump"};
  for (const absl::string_view counted : kCounted)
    if (words[0] == counted) return absl::OkStatus();
  if (words[1] == "runs" || words[0] == "accepted") return absl::OkStatus();
  return ExpectAny(world, looked, expectation, Way::kAny);
}

}  // namespace socketd::sim
