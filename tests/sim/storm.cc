#include "tests/sim/storm.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/sim/outside_view.h"

namespace socketd::sim {
namespace {

// Long enough that reading the units is a small part of the work.
constexpr int kMoves = 250;
constexpr absl::Duration kPatience = absl::Hours(2);
constexpr int kKillRounds = 30;
constexpr char kSwitch[] = "/run/switch";

bool IsRest(absl::string_view state) {
  return state == "dead" || state == "failed";
}

}  // namespace

Storm::Storm(uint64_t seed, bool trail) : dice_(seed ^ 0x5EED), world_(seed), trail_(trail) {
  report_.seed = seed;
}

std::string Storm::OneOf(std::initializer_list<absl::string_view> words) {
  return std::string(*(words.begin() + dice_.Below(words.size())));
}

void Storm::Note(const std::string& what) {
  if (!trail_) return;
  NoteMoves();
  report_.trail.push_back(absl::StrCat("> ", what));
}

void Storm::NoteMoves() {
  const auto& changes = world_.changes();
  for (; noted_ < changes.size(); ++noted_) {
    const Change& change = changes[noted_];
    if (IsRest(change.to) && !change.from.empty() && !IsRest(change.from)) ++report_.lives;
    if (trail_) report_.trail.push_back(absl::StrCat("  ", ToText(change)));
  }
}

// ---- what there is ----

void Storm::MakePrograms() {
  const std::array<absl::string_view, 8> commands = {
      "/bin/start-pre", "/bin/start-post", "/bin/stop-pre", "/bin/stop-post",
      "/bin/reload",    "/bin/stop",       "/bin/left",     "/bin/daemon"};
  for (absl::string_view command : commands) {
    world_.AddProgram(
        std::string(command),
        OneOf({"exits 0", "exits 0 after 100ms", "exits 0 after 2s", "exits 1", "exits 3 after 1s",
               "hangs", "hangs, ignores sigterm", "dies by signal 11 after 500ms",
               "exits 0 on sigterm after 300ms, hangs", "exits 1 on sigterm after 2s, hangs",
               "dumps core by signal 6", "fails at chdir", "exits 1 ; exits 0",
               "exits 0 ; hangs ; exits 0", "exits 0 after 1s ; exits 2"}));
  }
  world_.AddProgram("/bin/forks", "forks detached /bin/left, exits 0 after 200ms");
}

std::string Storm::Commands(absl::string_view directive, absl::string_view program) {
  std::string text;
  while (Sometimes(3) && text.size() < 200) {
    absl::StrAppend(&text, directive, "=", OneOf({"", "", "-"}),
                    Sometimes(5) ? "/bin/forks" : program, "\n");
  }
  return text;
}

std::string Storm::TriggerLimit() {
  std::string text;
  if (Sometimes(3)) absl::StrAppend(&text, "TriggerLimitBurst=", OneOf({"2", "5", "200"}), "\n");
  if (Sometimes(4)) absl::StrAppend(&text, "TriggerLimitAction=fail\n");
  if (!Sometimes(8)) absl::StrAppend(&text, "PollLimitBurst=", OneOf({"0", "0", "0", "3"}), "\n");
  return text;
}

// Some units may only start while a file is there that comes and goes, or while it is not.
std::string Storm::Conditions() {
  if (!Sometimes(4)) return "";
  return absl::StrCat(OneOf({"Condition", "Condition", "Assert"}),
                      "PathExists=", OneOf({"", "!", "|"}), kSwitch, "\n");
}

std::string Storm::SocketText(const Made& made) {
  const auto& [stem, port, accept, kind, kill_mode] = made;
  std::string text = absl::StrCat("[Unit]\n", Conditions());
  if (!Sometimes(4)) absl::StrAppend(&text, "StartLimitBurst=300\n");
  absl::StrAppend(&text, "[Socket]\nAccept=", accept ? "yes" : "no", "\n");
  const int ports = 1 + static_cast<int>(dice_.Below(2));
  for (int i = 0; i < ports; ++i) {
    const std::string address =
        Sometimes(4) ? absl::StrCat("/run/", stem, i) : absl::StrCat("127.0.0.1:", port + i);
    addresses_.push_back(address);
    absl::StrAppend(&text, kind, "=", address, "\n");
  }
  absl::StrAppend(&text, "TimeoutSec=", OneOf({"1s", "2s", "5s", "0"}), "\n");
  absl::StrAppend(&text, "KillMode=", kill_mode, "\n");
  absl::StrAppend(&text, Commands("ExecStartPre", "/bin/start-pre"),
                  Commands("ExecStartPost", "/bin/start-post"),
                  Commands("ExecStopPre", "/bin/stop-pre"),
                  Commands("ExecStopPost", "/bin/stop-post"));
  absl::StrAppend(&text, TriggerLimit());
  if (Sometimes(5)) absl::StrAppend(&text, "SocketUser=", OneOf({"root", "ghost"}), "\n");
  if (!accept && Sometimes(3)) {
    absl::StrAppend(&text, "DeferTrigger=", OneOf({"yes", "patient"}),
                    "\nDeferTriggerMaxSec=", OneOf({"0", "1s", "5s"}), "\n");
  }
  if (accept && Sometimes(2)) absl::StrAppend(&text, "MaxConnections=2\n");
  if (accept && Sometimes(8)) absl::StrAppend(&text, "MaxConnectionsPerSource=1\n");
  if (Sometimes(3)) absl::StrAppend(&text, "Backlog=", OneOf({"1", "16"}), "\n");
  if (Sometimes(4)) absl::StrAppend(&text, "RemoveOnStop=yes\n");
  return text;
}

void Storm::MakeSocket(const std::string& stem, int port) {
  const bool accept = Sometimes(4);
  const Made& made = made_.emplace_back(
      Made{stem, port, accept, !accept && Sometimes(4) ? "ListenDatagram" : "ListenStream",
           OneOf({"control-group", "control-group", "process", "mixed", "none"})});
  world_.AddUnit(stem + ".socket", SocketText(made));
  units_.push_back(stem + ".socket");
  MakeService(stem, made.accept);
}

void Storm::MakeService(const std::string& stem, bool instances) {
  const std::string type = OneOf({"simple", "simple", "exec", "oneshot", "notify", "forking"});
  const std::string main = absl::StrCat("/bin/main-", stem);
  const std::string script =
      type == "forking" ? absl::StrCat("forks detached /bin/daemon, writes forked pid to /run/",
                                       stem, ".pid, exits 0 after 100ms")
      : type == "notify"
          ? OneOf({"says ready after 1s, serves until idle 2s, exits 0", "says ready, serves",
                   "serves", "exits 0 after 1s",
                   "says ready, waits 1s, says stopping, exits 0 after 1s"})
          : OneOf({"accepts all, exits 0 after 1s", "serves", "exits 0", "exits 1",
                   "serves until idle 1s, exits 0", "hangs, ignores sigterm",
                   "forks detached /bin/left, serves until idle 2s",
                   "accepts 1 connections, breaks ports, exits 1", "dies by signal 11 after 1s",
                   "exits 1 ; serves", "fails at user", "exits 0 on sigterm after 3s, serves"});
  world_.AddProgram(main, script);
  std::string text = absl::StrCat("[Unit]\n", Conditions());
  if (!Sometimes(4)) absl::StrAppend(&text, "StartLimitBurst=300\n");
  if (!units_.empty() && Sometimes(3)) {
    const std::string& other = units_[dice_.Below(units_.size())];
    absl::StrAppend(&text, OneOf({"Requires", "Wants", "BindsTo", "PartOf", "Conflicts"}), "=",
                    other, "\n");
    if (Sometimes(2)) absl::StrAppend(&text, OneOf({"After", "Before"}), "=", other, "\n");
  }
  absl::StrAppend(&text, "[Service]\nType=", type, "\nExecStart=", main, "\n");
  if (type == "forking") absl::StrAppend(&text, "PIDFile=/run/", stem, ".pid\n");
  absl::StrAppend(&text, "TimeoutStartSec=", OneOf({"1s", "3s", "0"}),
                  "\nTimeoutStopSec=", OneOf({"1s", "3s"}), "\n");
  absl::StrAppend(&text, "KillMode=",
                  OneOf({"control-group", "control-group", "process", "mixed", "none"}), "\n");
  absl::StrAppend(&text, "Restart=", OneOf({"no", "no", "always", "on-failure", "on-abnormal"}),
                  "\nRestartSec=", OneOf({"0", "100ms", "1s"}), "\n");
  if (Sometimes(4)) absl::StrAppend(&text, "RemainAfterExit=yes\n");
  if (Sometimes(6)) absl::StrAppend(&text, "SendSIGKILL=no\n");
  absl::StrAppend(&text, Commands("ExecStartPre", "/bin/start-pre"),
                  Commands("ExecStartPost", "/bin/start-post"), Commands("ExecStop", "/bin/stop"),
                  Commands("ExecStopPost", "/bin/stop-post"),
                  Commands("ExecReload", "/bin/reload"));
  const std::string name = absl::StrCat(stem, instances ? "@" : "", ".service");
  world_.AddUnit(name, text);
  if (!instances) units_.push_back(name);
}

void Storm::MakeUnits() {
  const size_t count = 1 + dice_.Below(3);
  for (size_t i = 0; i < count; ++i) {
    MakeSocket(absl::StrCat("u", i), 8000 + static_cast<int>(i) * 10);
  }
}

void Storm::MakeMean() {
  FakeKernel& kernel = world_.kernel();
  if (Sometimes(2)) kernel.processes().SlowDownExec(absl::Milliseconds(20));
  if (Sometimes(3)) kernel.LimitEvents(1 + dice_.Below(3));
  if (Sometimes(3)) kernel.SlowDownLookups(absl::Seconds(3));
  if (Sometimes(5)) kernel.ports().Occupy("127.0.0.1:8001");
}

// ---- what happens ----

void Storm::Operate() {
  const std::string& unit = units_[dice_.Below(units_.size())];
  static constexpr std::array<JobKind, 8> kKinds = {
      JobKind::kStart, JobKind::kStart,   JobKind::kStart,      JobKind::kStop,
      JobKind::kStop,  JobKind::kRestart, JobKind::kTryRestart, JobKind::kReload};
  const JobKind kind = kKinds[dice_.Below(kKinds.size())];
  const JobMode mode = Sometimes(6)   ? JobMode::kFail
                       : Sometimes(8) ? JobMode::kIgnoreDependencies
                                      : JobMode::kReplace;
  JobRequest request;
  request.unit = unit;
  request.kind = kind;
  request.mode = mode;
  request.with_service = kind == JobKind::kStop && Sometimes(4);
  request.with_sockets = kind == JobKind::kStop && Sometimes(4);
  Note(absl::StrCat("ask ", static_cast<int>(kind), " of ", unit,
                    request.with_service ? " with service" : "",
                    request.with_sockets ? " with sockets" : ""));
  world_.Ask(std::move(request));
}

void Storm::Apply() {
  if (!Sometimes(4)) return Operate();
  const Made& made = made_[dice_.Below(made_.size())];
  ApplyRequest request;
  request.restart = Sometimes(3);
  UnitSource& source = request.units.emplace_back();
  source.unit = made.stem + ".socket";
  // What lives on is looked at by what the file says.
  source.remove = made.kill_mode == "control-group" && Sometimes(8);
  if (!source.remove) source.text = SocketText(made);
  Note(absl::StrCat("apply ", source.remove ? "the end of " : "", source.unit));
  world_.Apply(std::move(request));
}

// Somebody clears what is in the file system.
void Storm::Clear() {
  if (!Sometimes(4)) return Connect();
  const std::string& address = addresses_[dice_.Below(addresses_.size())];
  if (!absl::StartsWith(address, "/")) return;
  Note(absl::StrCat("remove ", address));
  world_.kernel().files().Erase(address);
}

void Storm::Toggle() {
  FakeFiles& files = world_.kernel().files();
  const bool there = files.Find(kSwitch) != nullptr;
  Note(absl::StrCat(there ? "remove " : "make ", kSwitch));
  if (there) {
    files.Erase(kSwitch);
  } else {
    files.Put(kSwitch, "");
  }
}

void Storm::Connect() {
  const std::string& address = addresses_[dice_.Below(addresses_.size())];
  Note(absl::StrCat("connect ", address));
  if (!world_.kernel().ports().Connect(address).ok()) {
    world_.kernel().ports().SendTo(address, "x").IgnoreError();
  }
}

void Storm::Pass() {
  static constexpr std::array<int, 6> kMilliseconds = {1, 50, 500, 1000, 3000, 10000};
  const absl::Duration span = absl::Milliseconds(kMilliseconds[dice_.Below(6)]);
  Note(absl::StrCat("advance ", absl::FormatDuration(span)));
  world_.Advance(span);
}

const FakeProcess* Storm::AnyProcess() {
  const auto& all = world_.kernel().processes().all();
  if (all.empty()) return nullptr;
  auto at = all.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(dice_.Below(all.size())));
  return at->second.alive ? &at->second : nullptr;
}

void Storm::Kill() {
  const FakeProcess* process = AnyProcess();
  if (process == nullptr) return;
  static constexpr std::array<int, 4> kSignals = {9, 15, 11, 1};
  const int signal = kSignals[dice_.Below(kSignals.size())];
  Note(absl::StrCat("signal ", signal, " to ", process->program));
  world_.kernel().processes().Kill(process->pid, signal);
}

void Storm::Break() {
  const std::string& address = addresses_[dice_.Below(addresses_.size())];
  Note(absl::StrCat("break ", address));
  world_.kernel().ports().Break(address);
}

void Storm::HangUp() {
  const auto& clients = world_.kernel().ports().clients();
  if (!clients.empty()) FakePorts::HangUp(clients[dice_.Below(clients.size())]);
}

void Storm::Fail() {
  static constexpr std::array<int, 6> kErrors = {EMFILE, ENOMEM, EIO, EAGAIN, EACCES, EADDRINUSE};
  const auto call = static_cast<Call>(dice_.Below(static_cast<size_t>(Call::kCount)));
  const int error = kErrors[dice_.Below(kErrors.size())];
  Note(absl::StrCat("next ", NameOf(call), " fails with ", error));
  world_.kernel().faults().FailNext(call, error, 1 + static_cast<int>(dice_.Below(2)));
}

void Storm::Pause() {
  const std::string& unit = units_[dice_.Below(units_.size())];
  const bool resume = !Sometimes(3);
  Note(absl::StrCat(resume ? "resume " : "pause ", unit));
  world_.Pause(unit, resume);
}

void Storm::Reset() {
  const std::string& unit = units_[dice_.Below(units_.size())];
  Note(absl::StrCat("reset ", unit));
  world_.ResetFailed(unit);
}

void Storm::Reload() {
  if (!Sometimes(8)) return Operate();
  Note("load");
  world_.Load();
}

// A time-out of 0 means that a hanging command hangs for ever; somebody comes and kills it then.
void Storm::End() {
  Note("shut down");
  world_.ShutDown(kPatience);
  for (int i = 0; i < kKillRounds && !world_.shut_down(); ++i) {
    Note("kill all that still lives");
    std::vector<int> pids;
    for (const auto& [pid, process] : world_.kernel().processes().all())
      pids.push_back(pid);
    for (const int pid : pids)
      world_.kernel().processes().Finish(pid, Exit{Exit::How::kSignaled, 9});
    world_.Advance(absl::Minutes(1));
  }
  if (!world_.shut_down()) world_.Complain("the engine does not shut down");
  for (const std::string& problem : LookAtTheEnd(world_))
    world_.Complain(absl::StrCat("at the end: ", problem));
}

StormReport Storm::Go() {
  MakePrograms();
  MakeUnits();
  MakeMean();
  world_.Boot();
  static constexpr std::array<Act, 24> kActs = {
      &Storm::Operate, &Storm::Operate, &Storm::Operate, &Storm::Operate, &Storm::Operate,
      &Storm::Connect, &Storm::Connect, &Storm::Connect, &Storm::Connect, &Storm::Connect,
      &Storm::Pass,    &Storm::Pass,    &Storm::Pass,    &Storm::Pass,    &Storm::Kill,
      &Storm::Fail,    &Storm::Break,   &Storm::HangUp,  &Storm::Reset,   &Storm::Reload,
      &Storm::Pause,   &Storm::Apply,   &Storm::Clear,   &Storm::Toggle};
  for (int i = 0; i < kMoves && world_.complaints().empty(); ++i) {
    (this->*kActs[dice_.Below(kActs.size())])();
    if (Sometimes(3)) world_.Settle();  // else the next thing happens at the same moment
  }
  if (world_.complaints().empty()) End();
  NoteMoves();
  report_.turns = world_.turns();
  report_.complaints = world_.complaints();
  return std::move(report_);
}

}  // namespace socketd::sim
