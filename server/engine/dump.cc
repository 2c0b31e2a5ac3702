#include "server/engine/dump.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/text.h"

namespace socketd {
namespace {

class Lines {
 public:
  void Add(absl::string_view key, absl::string_view value) {
    absl::StrAppend(&report_.text, indent_, key, ": ", value, "\n");
    report_.properties.emplace_back(absl::StrCat(chain_, chain_.empty() ? "" : " ", key), value);
  }
  void AddSome(absl::string_view key, absl::string_view value) {
    if (!value.empty()) Add(key, value);
  }
  void AddBool(absl::string_view key, bool value) { Add(key, value ? "yes" : "no"); }
  void AddMode(absl::string_view key, uint32_t mode) { Add(key, absl::StrFormat("%04o", mode)); }
  void AddNumber(absl::string_view key, int64_t number) { Add(key, absl::StrCat(number)); }
  void AddCount(absl::string_view key, uint64_t count) { Add(key, absl::StrCat(count)); }
  void Head(absl::string_view text) { absl::StrAppend(&report_.text, indent_, "-> ", text, ":\n"); }
  void In() { indent_ += '\t'; }
  void Out() { indent_.pop_back(); }
  // What follows is about the commands of a chain; "": no more.
  void set_chain(absl::string_view chain) { chain_ = std::string(chain); }
  DumpReport Take() { return std::move(report_); }

 private:
  DumpReport report_;
  std::string indent_;
  std::string chain_;
};

std::string TimeText(absl::Time time) {
  return time == absl::InfinitePast() ? "" : absl::FormatTime(time, absl::UTCTimeZone());
}

absl::string_view NameOf(Ipv6Only value) {
  switch (value) {
    case Ipv6Only::kBoth:
      return "both";
    case Ipv6Only::kIpv6Only:
      return "ipv6-only";
    case Ipv6Only::kDefault:
      break;
  }
  return "default";
}

absl::string_view NameOf(SocketProtocol protocol) {
  switch (protocol) {
    case SocketProtocol::kUdplite:
      return "udplite";
    case SocketProtocol::kSctp:
      return "sctp";
    case SocketProtocol::kMptcp:
      return "mptcp";
    case SocketProtocol::kDefault:
      break;
  }
  return "";
}

absl::string_view NameOf(Stdio::Kind kind) {
  switch (kind) {
    case Stdio::Kind::kNull:
      return "null";
    case Stdio::Kind::kInherit:
      return "inherit";
    case Stdio::Kind::kSocket:
      return "socket";
    case Stdio::Kind::kLog:
      return "journal";
    case Stdio::Kind::kFile:
      return "file";
    case Stdio::Kind::kAppend:
      return "append";
    case Stdio::Kind::kTruncate:
      return "truncate";
    case Stdio::Kind::kTty:
      return "tty";
    case Stdio::Kind::kTtyForce:
      return "tty-force";
    case Stdio::Kind::kTtyFail:
      return "tty-fail";
  }
  return "unknown";
}

// As systemd names them.
void AddStartCheck(const UnitSnapshot& snapshot, Lines& lines) {
  if (snapshot.start_check == nullptr) return;
  const StartCheck& check = *snapshot.start_check;
  lines.Add("Condition Timestamp", TimeText(check.time));
  lines.AddBool("Condition Result", check.conditions_met);
  if (check.conditions_met) lines.AddBool("Assert Result", check.assertions_met);
  lines.AddSome("Not Met", check.unmet);
  for (const ConditionFinding& finding : check.findings)
    lines.Add(finding.directive, finding.holds ? "succeeded" : "failed");
}

void AddGeneral(const Unit& unit, const UnitSnapshot& snapshot, Lines& lines) {
  const auto* definition = snapshot.definition.get();
  lines.AddSome("Description", definition == nullptr ? "" : definition->unit().description());
  lines.Add("Load State", socketd::NameOf(snapshot.load_state));
  lines.AddSome("Load Error", snapshot.load_error);
  lines.Add("Active State", socketd::NameOf(snapshot.active_state));
  lines.Add("Result", socketd::NameOf(snapshot.result));
  lines.AddSome("Active Enter Timestamp", TimeText(snapshot.active_since));
  lines.AddSome("Inactive Enter Timestamp", TimeText(snapshot.inactive_since));
  lines.AddSome("State Change Timestamp", TimeText(snapshot.changed));
  lines.Add("Cause",
            absl::StrCat(std::string(socketd::NameOf(snapshot.cause.kind)),
                         snapshot.cause.unit.empty() ? "" : " ", snapshot.cause.unit,
                         snapshot.cause.detail.empty() ? "" : ": ", snapshot.cause.detail));
  lines.AddSome("Job", snapshot.job);
  lines.AddSome("Invocation ID", snapshot.invocation_id);
  lines.Add("Name", snapshot.name);
  for (const std::string& alias : snapshot.aliases)
    lines.Add("Name", alias);
  lines.AddSome("Fragment Path", snapshot.fragment_path);
  for (const std::string& path : snapshot.drop_in_paths)
    lines.Add("Drop-In Path", path);
  for (size_t i = 0; i < kLinkKinds; ++i) {
    const auto kind = static_cast<LinkKind>(i);
    for (const Unit* other : unit.links().of(kind))
      lines.Add(socketd::NameOf(kind), other->name());
  }
  AddStartCheck(snapshot, lines);
  lines.AddBool("Stop When Unneeded", unit.definition()->stop_when_unneeded);
  for (const std::string& warning : snapshot.warnings)
    lines.Add("Warning", warning);
}

void AddExec(const ExecSettings& exec, Lines& lines) {
  const ExecContext& context = *exec.context;
  lines.AddMode("UMask", context.umask);
  lines.Add("WorkingDirectory",
            context.working_directory.empty() ? "/" : context.working_directory);
  lines.AddSome("User", context.user);
  lines.AddSome("Group", context.group);
  lines.AddSome("SupplementaryGroups", absl::StrJoin(context.supplementary_groups, " "));
  if (context.nice.has_value()) lines.AddNumber("Nice", *context.nice);
  if (context.oom_score_adjust.has_value()) {
    lines.AddNumber("OOMScoreAdjust", *context.oom_score_adjust);
  }
  lines.AddBool("NoNewPrivileges", context.no_new_privileges);
  for (const ManagedDirectory& directory : context.directories)
    lines.Add("Directory", directory.path);
  lines.Add("StandardInput", NameOf(context.standard_input.kind));
  lines.Add("StandardOutput", NameOf(context.standard_output.kind));
  lines.Add("StandardError", NameOf(context.standard_error.kind));
}

void AddChain(const Unit& unit, absl::string_view slot, const Chain& chain, Lines& lines) {
  if (chain.empty()) return;
  lines.Head(slot);
  lines.set_chain(slot);
  lines.In();
  for (const v1::Command* command : chain) {
    std::string line = Quoted(command->path());
    for (const std::string& argument : command->arguments())
      absl::StrAppend(&line, " ", Quoted(argument));
    lines.Add("Command Line", line);
    const CommandRecord* record = unit.record(*command);
    if (record == nullptr) continue;
    lines.In();
    lines.AddNumber("PID", record->pid);
    lines.AddSome("Start Timestamp", TimeText(record->started));
    lines.AddSome("Exit Timestamp", TimeText(record->ended));
    lines.AddSome("Exit", record->end);
    lines.Out();
  }
  lines.Out();
  lines.set_chain("");
}

std::string SpanText(absl::Duration span) {
  return span == absl::InfiniteDuration() ? "infinity" : absl::FormatDuration(span);
}

void AddKill(const KillSettings& kill, Lines& lines) {
  lines.Add("KillMode", NameOf(kill.mode));
  lines.AddNumber("KillSignal", kill.signal);
  lines.AddBool("SendSIGKILL", kill.send_sigkill);
}

void AddCounters(const SocketSettings& settings, const SocketSnapshot& socket, Lines& lines) {
  const SocketCounters& counters = socket.counters;
  if (settings.accept) {
    lines.AddCount("Connections", socket.connections);
    lines.AddCount("Accepted", counters.accepted);
    lines.AddCount("Refused", counters.refused());
    lines.AddCount("Refused by MaxConnections", counters.refused_max_connections);
    lines.AddCount("Refused by MaxConnectionsPerSource", counters.refused_per_source);
    lines.AddCount("Refused when stopping", counters.refused_stopping);
    lines.AddCount("Refused without resources", counters.refused_resources);
    lines.AddCount("Failed", counters.failed);
    lines.AddCount("Skipped", counters.skipped);
    lines.AddSome("Skipped because", socket.skipped_detail);
  }
  lines.AddCount("Triggered", counters.triggered);
  lines.AddCount("Trigger limit hit", counters.trigger_limit_hits);
  lines.AddCount("Poll limit hit", counters.poll_limit_hits);
  lines.AddCount("Cooled down", counters.coolings);
}

void AddFailures(const SocketSnapshot& socket, Lines& lines) {
  if (socket.failures == nullptr) return;
  for (const InstanceFailure& failure : *socket.failures) {
    lines.Add("Failure", absl::StrCat(failure.unit, ": ", std::string(NameOf(failure.result)), ", ",
                                      failure.detail));
  }
}

void AddSocket(const Unit& unit, const UnitSnapshot& snapshot, Lines& lines) {
  const SocketSettings& settings = *unit.definition()->socket;
  const ListenSpec first =
      settings.listeners.empty() ? ListenSpec() : settings.listeners.front().spec;
  lines.Add("Socket State", snapshot.sub_state);
  lines.Add("BindIPv6Only", NameOf(first.ipv6_only));
  lines.AddNumber("Backlog", first.backlog);
  AddKill(settings.kill, lines);
  lines.AddMode("SocketMode", first.mode);
  lines.AddMode("DirectoryMode", first.directory_mode);
  if (snapshot.control_pid != 0) lines.AddNumber("Control PID", snapshot.control_pid);
  lines.AddSome("BindToDevice", first.bind_to_device);
  for (const OptionValue& value : first.options) {
    lines.Add(socketd::NameOf(value.option),
              value.text.empty() ? absl::StrCat(value.number) : value.text);
  }
  lines.AddSome("SocketProtocol", NameOf(first.protocol));
  lines.AddBool("Writable", first.writable);
  if (first.queue_messages != 0) {
    lines.AddNumber("MessageQueueMaxMessages", first.queue_messages);
    lines.AddNumber("MessageQueueMessageSize", first.queue_message_size);
  }
  lines.AddBool("FlushPending", settings.flush_pending);
  lines.AddBool("RemoveOnStop", settings.remove_on_stop);
  lines.AddBool("PartialListen", settings.partial_listen);
  lines.AddBool("PassFileDescriptorsToExec", settings.lends_to_commands);
  lines.AddBool("Accept", settings.accept);
  lines.Add("Service", snapshot.socket.service);
  lines.Add("Timeout", SpanText(settings.timeout));
  if (settings.defer != DeferTrigger::kNo) {
    lines.Add("DeferTrigger", settings.defer == DeferTrigger::kPatient ? "patient" : "yes");
    lines.Add("DeferTriggerMax", SpanText(settings.defer_most));
  }
  lines.Add("TriggerLimitAction", settings.trigger_limit_fails ? "fail" : "cool");
  AddCounters(settings, snapshot.socket, lines);
  AddFailures(snapshot.socket, lines);
  for (const ListenerSnapshot& listener : snapshot.socket.listeners) {
    lines.Add(listener.kind, listener.bound.empty() || listener.bound == listener.address
                                 ? listener.address
                                 : absl::StrCat(listener.address, " (", listener.bound, ")"));
  }
  AddExec(settings.exec, lines);
  AddChain(unit, "StartPre", settings.start_pre, lines);
  AddChain(unit, "StartPost", settings.start_post, lines);
  AddChain(unit, "StopPre", settings.stop_pre, lines);
  AddChain(unit, "StopPost", settings.stop_post, lines);
}

void AddStore(const ServiceSnapshot& service, Lines& lines) {
  const size_t stored = service.stored == nullptr ? 0 : service.stored->size();
  if (service.store_most == 0 && stored == 0) return;
  lines.AddCount("FileDescriptorStoreMax", service.store_most);
  lines.AddCount("Stored Descriptors", stored);
  for (size_t i = 0; i < stored; ++i) {
    const StoredDescriptor& one = (*service.stored)[i];
    lines.Add("Stored Descriptor", absl::StrCat(one.name, " (", std::string(one.kind), ")"));
  }
}

void AddService(const Unit& unit, const UnitSnapshot& snapshot, Lines& lines) {
  const ServiceSettings& settings = *unit.definition()->service;
  lines.Add("Service State", snapshot.sub_state);
  AddKill(settings.kill, lines);
  if (snapshot.service.main_pid != 0) lines.AddNumber("Main PID", snapshot.service.main_pid);
  if (snapshot.control_pid != 0) lines.AddNumber("Control PID", snapshot.control_pid);
  lines.AddSome("Main Exit", snapshot.service.main_exit);
  lines.AddSome("Status Text", snapshot.service.status_text);
  lines.AddNumber("Restarts", snapshot.service.restarts);
  AddStore(snapshot.service, lines);
  lines.AddBool("RemainAfterExit", settings.remain_after_exit);
  lines.AddBool("NonBlocking", settings.nonblocking);
  lines.AddSome("PIDFile", settings.pid_file);
  lines.Add("TimeoutStart", SpanText(settings.timeout_start));
  lines.Add("TimeoutStop", SpanText(settings.timeout_stop));
  AddExec(settings.exec, lines);
  AddChain(unit, "StartPre", settings.start_pre, lines);
  AddChain(unit, "Start", settings.start, lines);
  AddChain(unit, "StartPost", settings.start_post, lines);
  AddChain(unit, "Reload", settings.reload, lines);
  AddChain(unit, "Stop", settings.stop, lines);
  AddChain(unit, "StopPost", settings.stop_post, lines);
}

}  // namespace

DumpReport Dump(const Unit& unit) {
  const UnitSnapshotPtr snapshot = unit.Snapshot();
  Lines lines;
  lines.Head(absl::StrCat("Unit ", snapshot->name));
  lines.In();
  AddGeneral(unit, *snapshot, lines);
  if (unit.definition()->socket != nullptr) AddSocket(unit, *snapshot, lines);
  if (unit.definition()->service != nullptr) AddService(unit, *snapshot, lines);
  DumpReport report = lines.Take();
  report.unit = snapshot;
  return report;
}

}  // namespace socketd
