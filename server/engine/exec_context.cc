#include "server/engine/exec_context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "proto/socketd/v1/exec.pb.h"

namespace socketd {
namespace {

using v1::ExecSpec;
using v1::StandardStream;

// getrlimit(2); the numbers of asm-generic/resource.h, which x86-64 and aarch64 share.
struct LimitField {
  int resource;
  bool (ExecSpec::*has)() const;
  const v1::ResourceLimit& (ExecSpec::*get)() const;
};
constexpr LimitField kLimits[] = {
    {0, &ExecSpec::has_limit_cpu, &ExecSpec::limit_cpu},
    {1, &ExecSpec::has_limit_fsize, &ExecSpec::limit_fsize},
    {2, &ExecSpec::has_limit_data, &ExecSpec::limit_data},
    {3, &ExecSpec::has_limit_stack, &ExecSpec::limit_stack},
    {4, &ExecSpec::has_limit_core, &ExecSpec::limit_core},
    {5, &ExecSpec::has_limit_rss, &ExecSpec::limit_rss},
    {6, &ExecSpec::has_limit_nproc, &ExecSpec::limit_nproc},
    {7, &ExecSpec::has_limit_nofile, &ExecSpec::limit_nofile},
    {8, &ExecSpec::has_limit_memlock, &ExecSpec::limit_memlock},
    {9, &ExecSpec::has_limit_as, &ExecSpec::limit_as},
    {10, &ExecSpec::has_limit_locks, &ExecSpec::limit_locks},
    {11, &ExecSpec::has_limit_sigpending, &ExecSpec::limit_sigpending},
    {12, &ExecSpec::has_limit_msgqueue, &ExecSpec::limit_msgqueue},
    {13, &ExecSpec::has_limit_nice, &ExecSpec::limit_nice},
    {14, &ExecSpec::has_limit_rtprio, &ExecSpec::limit_rtprio},
    {15, &ExecSpec::has_limit_rttime, &ExecSpec::limit_rttime},
};

Stdio InputOf(const StandardStream& stream) {
  switch (stream.kind()) {
    case StandardStream::KIND_TTY:
      return {Stdio::Kind::kTty, ""};
    case StandardStream::KIND_TTY_FORCE:
      return {Stdio::Kind::kTtyForce, ""};
    case StandardStream::KIND_TTY_FAIL:
      return {Stdio::Kind::kTtyFail, ""};
    case StandardStream::KIND_SOCKET:
      return {Stdio::Kind::kSocket, ""};
    case StandardStream::KIND_FILE:
      return {Stdio::Kind::kFile, stream.path()};
    default:
      return {Stdio::Kind::kNull, ""};
  }
}

// `unset` is what an output that is not set means.
Stdio OutputOf(const StandardStream& stream, Stdio::Kind unset) {
  switch (stream.kind()) {
    case StandardStream::KIND_UNSPECIFIED:
      return {unset, ""};
    case StandardStream::KIND_INHERIT:
      return {Stdio::Kind::kInherit, ""};
    case StandardStream::KIND_NULL:
      return {Stdio::Kind::kNull, ""};
    case StandardStream::KIND_TTY:
    case StandardStream::KIND_TTY_FORCE:
    case StandardStream::KIND_TTY_FAIL:
      return {Stdio::Kind::kTty, ""};
    case StandardStream::KIND_SOCKET:
      return {Stdio::Kind::kSocket, ""};
    case StandardStream::KIND_FILE:
      return {Stdio::Kind::kFile, stream.path()};
    case StandardStream::KIND_APPEND:
      return {Stdio::Kind::kAppend, stream.path()};
    case StandardStream::KIND_TRUNCATE:
      return {Stdio::Kind::kTruncate, stream.path()};
    default:
      return {Stdio::Kind::kLog, ""};
  }
}

void SetStreams(const ExecSpec& spec, ExecContext& context) {
  context.standard_input = InputOf(spec.standard_input());
  const Stdio::Kind input = context.standard_input.kind;
  const bool both_ways = input != Stdio::Kind::kNull && input != Stdio::Kind::kFile;
  context.standard_output =
      OutputOf(spec.standard_output(), both_ways ? Stdio::Kind::kInherit : Stdio::Kind::kLog);
  context.standard_error = OutputOf(spec.standard_error(), Stdio::Kind::kInherit);
}

void SetIdentity(const ExecSpec& spec, ExecContext& context) {
  context.user = spec.user();
  context.group = spec.group();
  context.supplementary_groups.assign(spec.supplementary_groups().begin(),
                                      spec.supplementary_groups().end());
  context.working_directory = spec.working_directory().path();
  context.working_directory_optional = spec.working_directory().optional();
  if (spec.has_umask()) context.umask = spec.umask();
  if (!spec.tty_path().empty()) context.tty_path = spec.tty_path();
  if (spec.has_nice()) context.nice = spec.nice();
  if (spec.has_oom_score_adjust()) context.oom_score_adjust = spec.oom_score_adjust();
  context.no_new_privileges = spec.no_new_privileges();
  context.ignore_sigpipe = !spec.has_ignore_sigpipe() || spec.ignore_sigpipe();
  for (const LimitField& field : kLimits) {
    if (!(spec.*field.has)()) continue;
    const v1::ResourceLimit& limit = (spec.*field.get)();
    context.limits.push_back({field.resource, limit.soft(), limit.hard()});
  }
}

void SetDirectories(const ExecSpec& spec,
                    const Surroundings& surroundings,
                    ExecContext& context,
                    ExecSettings& settings) {
  std::vector<std::string> state;
  const uint32_t runtime_mode =
      spec.has_runtime_directory_mode() ? spec.runtime_directory_mode() : 0755;
  const uint32_t state_mode = spec.has_state_directory_mode() ? spec.state_directory_mode() : 0755;
  for (const std::string& name : spec.runtime_directory()) {
    settings.runtime_directories.push_back(absl::StrCat(surroundings.runtime_directory, "/", name));
    context.directories.push_back({settings.runtime_directories.back(), runtime_mode});
  }
  for (const std::string& name : spec.state_directory()) {
    state.push_back(absl::StrCat(surroundings.state_directory, "/", name));
    context.directories.push_back({state.back(), state_mode});
  }
  if (!settings.runtime_directories.empty()) {
    settings.environment.Set("RUNTIME_DIRECTORY", absl::StrJoin(settings.runtime_directories, ":"));
  }
  // Nobody has to go through what a service owns to remove what is in it.
  std::sort(settings.runtime_directories.begin(), settings.runtime_directories.end());
  if (spec.runtime_directory_preserve() == ExecSpec::PRESERVE_RESTART)
    settings.preserve = Preserve::kRestart;
  if (spec.runtime_directory_preserve() == ExecSpec::PRESERVE_YES)
    settings.preserve = Preserve::kYes;
  if (!state.empty()) settings.environment.Set("STATE_DIRECTORY", absl::StrJoin(state, ":"));
}

constexpr absl::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Hands on a variable of the daemon's own.
void Pass(absl::string_view name, absl::Span<const std::string> daemon, Environment& environment) {
  const std::string start = absl::StrCat(name, "=");
  for (const std::string& entry : daemon) {
    if (absl::StartsWith(entry, start)) environment.SetEntry(entry);
  }
}

void SetEnvironment(const ExecSpec& spec,
                    absl::Span<const std::string> daemon,
                    Environment& environment) {
  environment.Set("PATH", kDefaultPath);
  Pass("PATH", daemon, environment);
  Pass("LANG", daemon, environment);
  for (const std::string& name : spec.pass_environment())
    Pass(name, daemon, environment);
  for (const std::string& entry : spec.environment())
    environment.SetEntry(entry);
}

bool Uses(const ExecContext& context, Stdio::Kind kind) {
  return context.standard_input.kind == kind || context.standard_output.kind == kind ||
         context.standard_error.kind == kind;
}

}  // namespace

absl::string_view NameOf(KillMode mode) {
  switch (mode) {
    case KillMode::kControlGroup:
      return "control-group";
    case KillMode::kMixed:
      return "mixed";
    case KillMode::kProcessGroup:
      return "process-group";
    case KillMode::kProcess:
      return "process";
    case KillMode::kNone:
      return "none";
  }
  return "unknown";
}

ExecSettings MakeExecSettings(const v1::ExecSpec& spec, const ExecSurroundings& around) {
  ExecSettings settings;
  auto context = std::make_shared<ExecContext>();
  SetStreams(spec, *context);
  SetIdentity(spec, *context);
  SetEnvironment(spec, around.environment, settings.environment);
  SetDirectories(spec, *around.surroundings, *context, settings);
  for (const v1::EnvironmentFile& file : spec.environment_files()) {
    settings.environment_files.push_back({file.path(), file.optional()});
  }
  settings.wants_log = Uses(*context, Stdio::Kind::kLog);
  settings.wants_socket = Uses(*context, Stdio::Kind::kSocket);
  settings.context = std::move(context);
  return settings;
}

KillSettings MakeKillSettings(const v1::KillSpec& spec) {
  KillSettings settings;
  switch (spec.mode()) {
    case v1::KillSpec::MODE_MIXED:
      settings.mode = KillMode::kMixed;
      break;
    case v1::KillSpec::MODE_PROCESS_GROUP:
      settings.mode = KillMode::kProcessGroup;
      break;
    case v1::KillSpec::MODE_PROCESS:
      settings.mode = KillMode::kProcess;
      break;
    case v1::KillSpec::MODE_NONE:
      settings.mode = KillMode::kNone;
      break;
    default:
      settings.mode = KillMode::kControlGroup;
  }
  if (spec.has_kill_signal()) settings.signal = static_cast<int>(spec.kill_signal());
  settings.send_sigkill = !spec.has_send_sigkill() || spec.send_sigkill();
  return settings;
}

}  // namespace socketd
