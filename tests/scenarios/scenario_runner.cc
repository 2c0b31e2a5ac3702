#include "tests/scenarios/scenario_runner.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"
#include "server/unit/listen_address.h"
#include "tests/scenarios/expectation.h"
#include "tests/scenarios/unit_line.h"
#include "tests/sim/child_script.h"
#include "tests/sim/outside_view.h"

namespace socketd::sim {
namespace {

// Longer than the time-outs of any scenario together.
constexpr absl::Duration kPatience = absl::Hours(24);

absl::Status Misread(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_SCENARIO", what);
}

int ErrnoNamed(absl::string_view name) {
  for (int number = 1; number < 134; ++number) {
    if (ErrnoName(number) == name) return number;
  }
  return 0;
}

bool FindCall(absl::string_view name, Call& call) {
  for (size_t i = 0; i < static_cast<size_t>(Call::kCount); ++i) {
    call = static_cast<Call>(i);
    if (NameOf(call) == name) return true;
  }
  return false;
}

int NumberAt(const Words& words, size_t index, int otherwise) {
  int number = otherwise;
  if (index < words.size() && !absl::SimpleAtoi(words[index], &number)) return otherwise;
  return number;
}

void HangUp(const FakePorts& ports, const std::string& address) {
  for (const Client& client : ports.clients()) {
    if (ToText(client->local) == address) FakePorts::HangUp(client);
  }
}

}  // namespace

ScenarioRunner::ScenarioRunner(const Scenario& scenario, const ScenarioRun& run)
    : scenario_(scenario), run_(run), world_(run.seed) {}

void ScenarioRunner::Fail(int number, const std::string& what) {
  report_.failures.push_back(absl::StrCat(scenario_.file, ":", number, ": ", what));
}

void ScenarioRunner::BootOnce() {
  if (world_.booted()) return;
  world_.Boot();
  FakeFaults& faults = world_.kernel().faults();
  if (run_.killing_call != 0)
    world_.kernel().KillAt(faults.calls() + run_.killing_call, run_.kill_after);
  if (run_.failing_call != 0)
    faults.FailCall(faults.calls() + run_.failing_call, run_.failing_errno);
}

void ScenarioRunner::Settle() {
  if (!at_once_) world_.Settle();
}

absl::Status ScenarioRunner::DoUnit(const ScenarioLine& line, const Words& words) {
  if (words.size() < 2) return Misread("expected `unit NAME [KEY=VALUE]...`");
  auto text = UnitText(words[1], Words(words.begin() + 2, words.end()), line.body);
  if (!text.ok()) return text.status();
  world_.AddUnit(words[1], *text);
  return absl::OkStatus();
}

absl::Status ScenarioRunner::DoCreate(const Words& words) {
  BootOnce();
  if (words.size() < 2) return Misread("expected `create NAME [KEY=VALUE]...`");
  auto text = UnitText(words[1], Words(words.begin() + 2, words.end()), {});
  if (!text.ok()) return text.status();
  world_.Create(words[1], *text);
  Settle();
  return absl::OkStatus();
}

// What `[restart] [planned] UNIT KEY=VALUE... [& UNIT KEY=VALUE...]...` after the verb asks for.
absl::StatusOr<ApplyRequest> ScenarioRunner::ReadApply(const Words& words) const {
  ApplyRequest request;
  request.requester = "a test";
  auto word = words.begin() + 1;
  for (; word != words.end() && (*word == "restart" || *word == "planned"); ++word) {
    if (*word == "restart") request.restart = true;
    if (*word == "planned") request.expected_revision = planned_;
  }
  while (word != words.end()) {
    const auto end = std::find(word, words.end(), "&");
    UnitSource& source = request.units.emplace_back();
    source.unit = *word;
    source.remove = end == word + 2 && word[1] == "gone";
    auto text = UnitText(*word, source.remove ? Words() : Words(word + 1, end), {});
    if (!text.ok()) return text.status();
    source.text = *text;
    word = end == words.end() ? end : end + 1;
  }
  return request;
}

absl::Status ScenarioRunner::DoApply(const Words& words) {
  BootOnce();
  absl::StatusOr<ApplyRequest> request = ReadApply(words);
  if (!request.ok()) return request.status();
  if (words[0] == "plan") {
    planned_ = world_.Plan(*request);
  } else {
    world_.Apply(*std::move(request));
  }
  Settle();
  return absl::OkStatus();
}

absl::Status ScenarioRunner::DoWorld(const Words& words) {
  if (words.size() < 2) return Misread(absl::StrCat(words[0], " what?"));
  if (words[0] == "file") {
    world_.kernel().files().Put(words[1], words.size() > 2 ? words[2] + "\n" : "");
  } else if (words[0] == "remove") {
    world_.kernel().files().Erase(words[1]);
  } else if (words[0] == "device") {
    world_.kernel().files().PutNode(words[1], FakeFiles::NodeKind::kDevice, 0600);
  } else if (words[0] == "folder") {
    world_.kernel().files().PutDirectory(words[1]);
  } else if (words[0] == "alias" && words.size() == 3) {
    world_.kernel().files().PutSymlink(absl::StrCat(kUnitPath, "/", words[1]), words[2]);
  } else if (words[0] == "room") {
    world_.LimitUnits(static_cast<size_t>(NumberAt(words, 1, 0)));
  } else if (words[0] == "occupy") {
    world_.kernel().ports().Occupy(words[1]);
  } else if (words[0] == "vacate") {
    world_.kernel().ports().Vacate(words[1]);
  } else {
    return Misread(
        "expected `file`, `remove`, `folder`, `device`, `alias`, `room`, `occupy` or `vacate`");
  }
  return absl::OkStatus();
}

absl::Status ScenarioRunner::DoSlow(const Words& words) {
  absl::Duration span;
  const bool read = words.size() == 3 && absl::ParseDuration(words[2], &span);
  if (read && words[1] == "lookups") {
    world_.kernel().SlowDownLookups(span);
  } else if (read && words[1] == "exec") {
    world_.kernel().processes().SlowDownExec(span);
  } else {
    return Misread("expected `slow lookups SPAN` or `slow exec SPAN`");
  }
  return absl::OkStatus();
}

void ScenarioRunner::DoVerb(const std::string& verb, JobRequest request) {
  static constexpr std::array<std::pair<absl::string_view, JobKind>, 5> kKinds = {{
      {"start", JobKind::kStart},
      {"stop", JobKind::kStop},
      {"restart", JobKind::kRestart},
      {"try-restart", JobKind::kTryRestart},
      {"reload", JobKind::kReload},
  }};
  const std::string& unit = request.unit;
  if (verb == "pause") world_.Pause(unit, false);
  if (verb == "resume") world_.Pause(unit, true);
  if (verb == "reset") world_.ResetFailed(unit);
  if (verb == "delete") world_.Delete(unit);
  if (verb == "clean") world_.Clean(unit);
  for (const auto& [name, kind] : kKinds) {
    if (verb != name) continue;
    request.kind = kind;
    world_.Ask(request);
  }
}

absl::Status ScenarioRunner::DoJob(const Words& words) {
  BootOnce();
  const bool load = words[0] == "load";
  if (load) world_.Load();
  if (!load && words.size() < 2) return Misread(absl::StrCat(words[0], " what?"));
  JobRequest request;
  if (words.back() == "or-fail") request.mode = JobMode::kFail;
  request.with_service = words.back() == "with-service";
  request.with_sockets = words.back() == "with-sockets";
  const bool how = request.mode == JobMode::kFail || request.with_service || request.with_sockets;
  for (size_t i = 1; i < words.size() - (how ? 1 : 0); ++i) {
    request.unit = words[i];
    DoVerb(words[0], request);
  }
  Settle();
  return absl::OkStatus();
}

// Who connects: nobody special, or as `from HOST:PORT` or `from user UID` at the end says.
absl::StatusOr<Conversation> ScenarioRunner::CallerOf(const Words& words) {
  Conversation caller;
  const auto from = std::find(words.begin(), words.end(), "from");
  const auto left = words.end() - from;
  if (left == 0) return caller;
  if (left == 3 && from[1] == "user") {
    caller.peer.uid = static_cast<uint32_t>(NumberAt(words, words.size() - 1, 0));
    return caller;
  }
  if (left != 2) return Misread("expected `from HOST:PORT` or `from user UID`");
  const auto host = ParseListenAddress(ListenKind::kStream, from[1]);
  if (!host.ok()) return host.status();
  caller.remote = *host;
  return caller;
}

// `connect ADDRESS [N] [from ...]`
absl::Status ScenarioRunner::Connect(const Words& words) {
  const absl::StatusOr<Conversation> caller = CallerOf(words);
  if (!caller.ok()) return caller.status();
  const int clients = words.size() > 2 && words[2] != "from" ? NumberAt(words, 2, 1) : 1;
  for (int i = 0; i < clients; ++i) {
    auto client = world_.kernel().ports().Connect(words[1], caller->peer);
    if (!client.ok()) return client.status();
    if (caller->remote.index() != 0) (*client)->remote = caller->remote;
  }
  return absl::OkStatus();
}

absl::Status ScenarioRunner::DoTraffic(const Words& words) {
  BootOnce();
  if (words.size() < 2) return Misread(absl::StrCat(words[0], " where?"));
  FakePorts& ports = world_.kernel().ports();
  absl::Status done;
  if (words[0] == "connect") {
    done = Connect(words);
  } else if (words[0] == "send") {
    done = ports.SendTo(words[1], words.size() > 2 ? words[2] : "x");
  } else if (words[0] == "break") {
    if (!ports.Break(words[1])) done = Misread("nobody listens there");
  } else if (words[0] == "hang-up") {
    HangUp(ports, words[1]);
  }
  Settle();
  // Where a call was made to fail, nobody may be listening.
  return Excused() ? absl::OkStatus() : done;
}

absl::Status ScenarioRunner::DoFault(const Words& words) {
  BootOnce();
  if (words[0] == "kill") {
    if (words.size() != 3) return Misread("expected `kill PROGRAM SIGNAL`");
    const FakeProcess* process = world_.kernel().processes().Find(words[1]);
    const int signal = SignalNumber(words[2]);
    if (signal == 0) return Misread("no such signal");
    if (process == nullptr) {
      return run_.undisturbed() ? Misread("no such process") : absl::OkStatus();
    }
    world_.kernel().processes().Kill(process->pid, signal);
    Settle();
    return absl::OkStatus();
  }
  Call call{};
  const int error = words.size() < 3 ? 0 : ErrnoNamed(words[2]);
  if (error == 0 || !FindCall(words[1], call)) {
    return Misread("expected `fail CALL ERRNO [TIMES [SKIPPED]]`");
  }
  world_.kernel().faults().FailNext(call, error, NumberAt(words, 3, 1), NumberAt(words, 4, 0));
  return absl::OkStatus();
}

// The daemon is killed, and the next one may be told to hold activation.
absl::Status ScenarioRunner::DoCrash(const Words& words) {
  BootOnce();
  const bool held = words.size() == 2 && words[1] == "held";
  if (words.size() != 1 && !held) return Misread("expected `crash [held]`");
  if (held) world_.Hold();
  ++crashes_;
  world_.kernel().Kill();
  world_.Settle();
  return absl::OkStatus();
}

absl::Status ScenarioRunner::DoTime(const Words& words) {
  BootOnce();
  absl::Duration span;
  if (words.size() != 2 || !absl::ParseDuration(words[1], &span)) {
    return Misread("expected a span, as in `advance 5s`");
  }
  if (words[0] == "oversleep") {
    world_.kernel().Oversleep(span);
  } else {
    world_.Advance(span);
  }
  return absl::OkStatus();
}

// Whether what the scenario expects need not be so.
bool ScenarioRunner::Excused() const {
  return run_.failing_call != 0 || (run_.killing_call != 0 && world_.boots() > 1 && loose_);
}

absl::Status ScenarioRunner::DoExpect(const ScenarioLine& line, const Words& words) {
  BootOnce();
  if (Excused()) return absl::OkStatus();
  const std::string expectation = line.text.substr(words[0].size() + 1);
  return run_.killing_call != 0 && world_.repeated()
             ? ExpectAfterRepeating(world_, looked_, expectation)
             : Expect(world_, looked_, expectation);
}

absl::Status ScenarioRunner::Do(const ScenarioLine& line) {
  static const std::map<absl::string_view, Verb> kVerbs = {
      {"file", &ScenarioRunner::DoWorld},      {"folder", &ScenarioRunner::DoWorld},
      {"alias", &ScenarioRunner::DoWorld},     {"occupy", &ScenarioRunner::DoWorld},
      {"vacate", &ScenarioRunner::DoWorld},    {"room", &ScenarioRunner::DoWorld},
      {"slow", &ScenarioRunner::DoSlow},       {"start", &ScenarioRunner::DoJob},
      {"stop", &ScenarioRunner::DoJob},        {"restart", &ScenarioRunner::DoJob},
      {"try-restart", &ScenarioRunner::DoJob}, {"reload", &ScenarioRunner::DoJob},
      {"reset", &ScenarioRunner::DoJob},       {"load", &ScenarioRunner::DoJob},
      {"connect", &ScenarioRunner::DoTraffic}, {"send", &ScenarioRunner::DoTraffic},
      {"break", &ScenarioRunner::DoTraffic},   {"hang-up", &ScenarioRunner::DoTraffic},
      {"kill", &ScenarioRunner::DoFault},      {"fail", &ScenarioRunner::DoFault},
      {"advance", &ScenarioRunner::DoTime},    {"oversleep", &ScenarioRunner::DoTime},
      {"delete", &ScenarioRunner::DoJob},      {"remove", &ScenarioRunner::DoWorld},
      {"create", &ScenarioRunner::DoCreate},   {"device", &ScenarioRunner::DoWorld},
      {"pause", &ScenarioRunner::DoJob},       {"resume", &ScenarioRunner::DoJob},
      {"apply", &ScenarioRunner::DoApply},     {"plan", &ScenarioRunner::DoApply},
      {"crash", &ScenarioRunner::DoCrash},     {"clean", &ScenarioRunner::DoJob},
  };
  Words words = SplitWords(line.text);
  at_once_ = words.size() > 1 && words.back() == "+";
  if (at_once_) words.pop_back();
  if (words[0] == "unit") return DoUnit(line, words);
  if (words[0] == "expect" && words.size() > 1) return DoExpect(line, words);
  if (words[0] == "loose" && words.size() > 1) {
    loose_ = true;
    return absl::OkStatus();
  }
  if (words[0] == "child") {
    if (words.size() < 3) return Misread("expected `child PROGRAM SCRIPT`");
    const size_t script = line.text.find(words[1]) + words[1].size();
    return world_.kernel().processes().SetScript(words[1], line.text.substr(script));
  }
  const auto verb = kVerbs.find(words[0]);
  if (verb == kVerbs.end()) return Misread(absl::StrCat("no such verb: ", words[0]));
  return (this->*verb->second)(words);
}

void ScenarioRunner::TakeComplaints(int number) {
  for (; complaints_seen_ < world_.complaints().size(); ++complaints_seen_) {
    Fail(number, world_.complaints()[complaints_seen_]);
  }
}

void ScenarioRunner::Finish() {
  const int number = scenario_.lines.empty() ? scenario_.number : scenario_.lines.back().number;
  if (!world_.booted()) return;
  if (!world_.ShutDown(kPatience)) Fail(number, "the engine does not shut down");
  for (const std::string& problem : LookAtTheEnd(world_))
    Fail(number, absl::StrCat("at the end: ", problem));
  TakeComplaints(number);
}

ScenarioReport ScenarioRunner::Go() {
  for (const ScenarioLine& line : scenario_.lines) {
    const absl::Status done = Do(line);
    if (!done.ok()) Fail(line.number, std::string(done.message()));
    TakeComplaints(line.number);
    if (!report_.failures.empty()) break;  // what follows would only confuse
  }
  if (report_.failures.empty()) Finish();
  report_.failed_call = world_.kernel().faults().hit();
  report_.killed = world_.boots() > 1 + crashes_;
  return std::move(report_);
}

ScenarioReport Play(const Scenario& scenario, const ScenarioRun& run) {
  return ScenarioRunner(scenario, run).Go();
}

}  // namespace socketd::sim
