// What the processes of a service get: descriptors, standard streams, variables; systemd.exec(5),
// "Environment variables in spawned processes".
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "server/base/errors.h"
#include "server/engine/service_unit.h"
#include "server/unit/grammar_signal.h"

namespace socketd {
namespace {

// "TERM"
std::string SignalWord(int signal) {
  return std::string(absl::StripPrefix(SignalName(static_cast<uint32_t>(signal)), "SIG"));
}

// EXIT_CODE and EXIT_STATUS of systemd.exec(5).
std::pair<std::string, std::string> WordsOf(const Exit& exit) {
  switch (exit.how) {
    case Exit::How::kSignaled:
      return {"killed", SignalWord(exit.status)};
    case Exit::How::kDumped:
      return {"dumped", SignalWord(exit.status)};
    default:
      return {"exited", absl::StrCat(exit.status)};
  }
}

}  // namespace

void ServiceUnit::Take(Connection connection, SocketUnit& origin) {
  origin_ = &origin;
  source_ = origin.HoldSource(connection);
  marks.instance = true;
  connection_ = std::move(connection.fd);
  connection_cookie_ = connection.cookie;
  connection_name_ = origin.connection_name();
  connection_variables_.clear();
  if (const std::string host = HostText(connection.remote); !host.empty()) {
    connection_variables_.emplace_back("REMOTE_ADDR", host);
  }
  if (const std::string port = PortText(connection.remote); !port.empty()) {
    connection_variables_.emplace_back("REMOTE_PORT", port);
  }
  connection_variables_.emplace_back("SO_COOKIE", absl::StrCat(connection.cookie));
}

// Sockets= in its order, then the others that trigger this service, by name.
std::vector<SocketUnit*> ServiceUnit::Sockets() const {
  std::vector<SocketUnit*> sockets;
  const auto add = [&](Unit* unit) {
    if (unit == nullptr || unit->type() != UnitType::kSocket) return;
    auto* const socket = static_cast<SocketUnit*>(unit);
    if (socket->accepts()) return;
    if (std::find(sockets.begin(), sockets.end(), socket) == sockets.end()) {
      sockets.push_back(socket);
    }
  };
  for (const std::string& name : settings_->sockets)
    add(host_.Load(name));
  const auto triggering = links().of(LinkKind::kTriggeredBy);
  std::vector<Unit*> others(triggering.begin(), triggering.end());
  std::sort(others.begin(), others.end(),
            [](const Unit* left, const Unit* right) { return left->name() < right->name(); });
  for (Unit* other : others)
    add(other);
  return sockets;
}

absl::Status ServiceUnit::AddDescriptors(LaunchPlan& plan) {
  if (settings_->exec.wants_socket) return AddStdio(plan);
  std::vector<std::string> names;
  if (connection_) {
    plan.fds.push_back(&connection_);
    names.push_back(connection_name_);
  } else {
    for (SocketUnit* socket : Sockets()) {
      const LentPorts lent = socket->Lend();
      plan.fds.insert(plan.fds.end(), lent.fds.begin(), lent.fds.end());
      names.insert(names.end(), lent.names.begin(), lent.names.end());
    }
  }
  const FdStore::Lent stored = store_.Lend();
  plan.fds.insert(plan.fds.end(), stored.fds.begin(), stored.fds.end());
  names.insert(names.end(), stored.names.begin(), stored.names.end());
  plan.untouched = stored.fds.size();
  if (plan.fds.empty()) return absl::OkStatus();
  plan.environment.emplace_back("LISTEN_FDS", absl::StrCat(plan.fds.size()));
  plan.environment.emplace_back("LISTEN_FDNAMES", absl::StrJoin(names, ":"));
  return absl::OkStatus();
}

// inetd style: the connection, or the one listening socket, is a standard stream.
absl::Status ServiceUnit::AddStdio(LaunchPlan& plan) const {
  if (connection_) {
    plan.stdio = &connection_;
    return absl::OkStatus();
  }
  std::vector<const Fd*> ports;
  for (SocketUnit* socket : Sockets()) {
    const LentPorts lent = socket->Lend();
    ports.insert(ports.end(), lent.fds.begin(), lent.fds.end());
  }
  if (ports.size() != 1) {
    return Error(absl::StatusCode::kFailedPrecondition, "NO_SINGLE_SOCKET",
                 absl::StrCat(name(), " wants one socket as a standard stream, and there are ",
                              ports.size()),
                 {{"unit", name()}});
  }
  plan.stdio = ports.front();
  return absl::OkStatus();
}

void ServiceUnit::AddRunVariables(Variables& variables) const {
  variables.emplace_back("INVOCATION_ID", invocation_id());
  const std::string& notify = host_.options().notify_path;
  if (settings_->notify_access != NotifyAccess::kNone && !notify.empty()) {
    variables.emplace_back("NOTIFY_SOCKET", notify);
    if (settings_->store_most > 0)
      variables.emplace_back("FDSTORE", absl::StrCat(settings_->store_most));
  }
  if (!settings_->pid_file.empty()) variables.emplace_back("PIDFILE", settings_->pid_file);
  for (const auto& variable : connection_variables_)
    variables.push_back(variable);
  if (!trigger().empty()) variables.emplace_back("TRIGGER_UNIT", trigger());
}

void ServiceUnit::AddEndVariables(Variables& variables) const {
  if (main_) variables.emplace_back("MAINPID", absl::StrCat(main_.child.pid()));
  if (!stopping_) return;
  variables.emplace_back("SERVICE_RESULT", std::string(NameOf(result())));
  if (!main_end_.has_value()) return;
  const auto [code, status] = WordsOf(main_end_->exit);
  variables.emplace_back("EXIT_CODE", code);
  variables.emplace_back("EXIT_STATUS", status);
}

absl::Status ServiceUnit::LaunchMain(size_t index) {
  start_index_ = index;
  main_end_.reset();  // of the one before
  LaunchPlan plan;
  plan.command = settings_->start[index];
  plan.exec = &settings_->exec;
  plan.nonblocking = settings_->nonblocking;
  // Thousands may come in a second, each for a moment: a session for each is what they would cost.
  plan.own_session = !marks.instance;
  plan.await_exec = settings_->type == ServiceType::kExec;
  AddRunVariables(plan.environment);
  if (absl::Status added = AddDescriptors(plan); !added.ok()) return added;
  absl::StatusOr<Process> process = run_.Launch(plan);
  if (!process.ok()) return process.status();
  main_ = *std::move(process);
  main_pid_ = main_.child.pid();
  host_.OnStep(*this);
  main_end_.reset();
  // Our copy would keep the client waiting for the end that the service has given it.
  const bool last = index + 1 == settings_->start.size();
  const bool others = !settings_->start_post.empty() || !settings_->stop.empty() ||
                      !settings_->stop_post.empty() || !settings_->reload.empty();
  if (last && !(settings_->exec.wants_socket && others)) connection_ = Fd();
  return absl::OkStatus();
}

absl::StatusOr<Process> ServiceUnit::Start(const v1::Command& command) {
  LaunchPlan plan;
  plan.command = &command;
  plan.exec = &settings_->exec;
  AddRunVariables(plan.environment);
  AddEndVariables(plan.environment);
  const bool forks = settings_->type == ServiceType::kForking && !settings_->start.empty() &&
                     &command == settings_->start.front();
  if (forks) {
    plan.nonblocking = settings_->nonblocking;
    if (absl::Status added = AddDescriptors(plan); !added.ok()) return added;
  } else if (settings_->exec.wants_socket) {
    if (absl::Status added = AddStdio(plan); !added.ok()) return added;
  }
  absl::StatusOr<Process> process = run_.Launch(plan);
  if (process.ok() && forks && !settings_->exec.wants_socket) connection_ = Fd();
  return process;
}

}  // namespace socketd
