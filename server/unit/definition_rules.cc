#include "server/unit/definition_rules.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/condition_text.h"
#include "server/unit/grammar_comparison.h"
#include "server/unit/sections.h"

namespace socketd {
namespace {

using v1::ListenAddress;
using v1::ServiceSpec;
using v1::SocketSpec;
using v1::UnitDefinition;

struct Place {
  absl::string_view section;
  absl::string_view key;
  absl::string_view field;  // below "definition"
};

constexpr Place kListen{"Socket", "ListenStream", "socket.listen"};
constexpr Place kAccept{"Socket", "Accept", "socket.accept"};
constexpr Place kService{"Socket", "Service", "socket.service"};
constexpr Place kSymlinks{"Socket", "Symlinks", "socket.symlinks"};
constexpr Place kListenNames{"Socket", "X-ListenNames", "socket.listen_names"};
constexpr Place kQueue{"Socket", "MessageQueueMaxMessages", "socket.message_queue_max_messages"};
constexpr Place kDeferTrigger{"Socket", "DeferTrigger", "socket.defer_trigger"};
constexpr Place kFlushPending{"Socket", "FlushPending", "socket.flush_pending"};
constexpr Place kFromNet{"Socket", "SELinuxContextFromNet", "socket.selinux_context_from_net"};
constexpr Place kPerSource{"Socket", "MaxConnectionsPerSource",
                           "socket.max_connections_per_source"};
constexpr Place kMaxConnections{"Socket", "MaxConnections", "socket.max_connections"};
constexpr Place kExecStart{"Service", "ExecStart", "service.exec_start"};
constexpr Place kRestart{"Service", "Restart", "service.restart"};
constexpr Place kSockets{"Service", "Sockets", "service.sockets"};
constexpr Place kStoreMax{"Service", "FileDescriptorStoreMax", "service.file_descriptor_store_max"};
constexpr Place kType{"Service", "Type", "service.type"};

void Report(const Place& place, std::string message, bool fatal, Problems& problems) {
  Problem problem;
  problem.section = std::string(place.section);
  problem.key = std::string(place.key);
  problem.field = absl::StrCat("definition.", place.field);
  problem.message = std::move(message);
  problem.fatal = fatal;
  problems.push_back(std::move(problem));
}

void Refuse(const Place& place, std::string message, Problems& problems) {
  Report(place, std::move(message), true, problems);
}

bool HasSuffix(const std::string& name, absl::string_view suffix) {
  return absl::EndsWith(name, suffix) || absl::StrContains(name, "%");
}

bool IsConnectable(ListenAddress::Kind kind) {
  return kind == ListenAddress::KIND_STREAM || kind == ListenAddress::KIND_SEQUENTIAL_PACKET;
}

// Special files and folders of FunctionFS are there before us, and stay.
bool MakesNode(ListenAddress::Kind kind) {
  return IsConnectable(kind) || kind == ListenAddress::KIND_DATAGRAM ||
         kind == ListenAddress::KIND_FIFO;
}

// The number of nodes in the file system; -1 while specifiers hide it.
int CountNodes(const SocketSpec& socket) {
  int nodes = 0;
  for (const ListenAddress& listen : socket.listen()) {
    if (!MakesNode(listen.kind())) continue;
    if (absl::StartsWith(listen.address(), "%")) return -1;
    if (absl::StartsWith(listen.address(), "/")) ++nodes;
  }
  return nodes;
}

void CheckListens(const SocketSpec& socket, Problems& problems) {
  if (socket.listen().empty()) {
    Refuse(kListen, "a socket unit needs at least one Listen directive", problems);
  }
  if (!socket.listen_names().empty() && socket.listen_names_size() != socket.listen_size()) {
    Refuse(kListenNames,
           absl::StrCat("there are ", socket.listen_names_size(), " names for ",
                        socket.listen_size(), " addresses: each needs one"),
           problems);
  }
  if (socket.has_message_queue_max_messages() != socket.has_message_queue_message_size()) {
    Refuse(kQueue, "MessageQueueMaxMessages= and MessageQueueMessageSize= go together", problems);
  }
}

void CheckSocket(const SocketSpec& socket, Problems& problems) {
  for (const ListenAddress& listen : socket.listen()) {
    if (!socket.accept() || IsConnectable(listen.kind())) continue;
    Refuse(kAccept,
           absl::StrCat("Accept=yes is for stream and sequential-packet sockets, not for ",
                        listen.address()),
           problems);
  }
  if (socket.accept() && !socket.service().empty()) {
    Refuse(kService, "Service= cannot be set with Accept=yes: each connection has its own instance",
           problems);
  }
  if (!socket.service().empty() && !HasSuffix(socket.service(), ".service")) {
    Refuse(kService, "expected the name of a .service", problems);
  }
  if (socket.accept() && socket.defer_trigger() != SocketSpec::DEFER_TRIGGER_UNSPECIFIED) {
    Refuse(kDeferTrigger, "DeferTrigger= is not for Accept=yes: instances wait for nobody",
           problems);
  }
  const int nodes = CountNodes(socket);
  if (!socket.symlinks().empty() && nodes != 1 && nodes != -1) {
    Refuse(
        kSymlinks,
        absl::StrCat("Symlinks= needs exactly one node in the file system; the unit has ", nodes),
        problems);
  }
}

// systemd.service(5): without Type=, a service without ExecStart= is oneshot.
bool IsOneshot(const ServiceSpec& service) {
  return service.type() == ServiceSpec::TYPE_ONESHOT ||
         (service.type() == ServiceSpec::TYPE_UNSPECIFIED && service.exec_start().empty());
}

// SuccessAction= is kept without a field; such units run nothing by themselves.
bool HasSuccessAction(const UnitDefinition& definition) {
  for (const v1::OtherDirective& other : definition.other()) {
    if (other.section() == "Unit" && other.key() == "SuccessAction" && !other.value().empty() &&
        other.value() != "none") {
      return true;
    }
  }
  return false;
}

void CheckStart(const UnitDefinition& definition, Problems& problems) {
  const ServiceSpec& service = definition.service();
  if (service.exec_start_size() > 1 && !IsOneshot(service)) {
    Refuse(kExecStart, "several ExecStart= are for Type=oneshot only", problems);
  }
  if (!service.exec_start().empty() || HasSuccessAction(definition)) return;
  if (!IsOneshot(service)) {
    Refuse(kExecStart, "a service needs ExecStart=, unless it is of Type=oneshot", problems);
  } else if (service.exec_stop().empty()) {
    Refuse(kExecStart, "a service needs ExecStart= or ExecStop=", problems);
  } else if (!service.remain_after_exit()) {
    Refuse(kExecStart, "a service without ExecStart= needs RemainAfterExit=yes", problems);
  }
}

void CheckService(const UnitDefinition& definition, Problems& problems) {
  const ServiceSpec& service = definition.service();
  CheckStart(definition, problems);
  const bool restarts_after_success = service.restart() == ServiceSpec::RESTART_ALWAYS ||
                                      service.restart() == ServiceSpec::RESTART_ON_SUCCESS;
  if (IsOneshot(service) && restarts_after_success) {
    Refuse(kRestart, "Restart=always and on-success are not for Type=oneshot", problems);
  }
  for (const std::string& name : service.sockets()) {
    if (!HasSuffix(name, ".socket")) {
      Refuse(kSockets, absl::StrCat("expected names of .socket units, not ", name), problems);
    }
  }
}

void WarnOfSocket(const SocketSpec& socket, Problems& problems) {
  if (socket.has_max_connections() && socket.max_connections() == 0) {
    Report(kMaxConnections, "there is no limit here; systemd refuses the value", false, problems);
  }
  if (socket.flush_pending() && socket.accept()) {
    Report(kFlushPending, "has no effect with Accept=yes", false, problems);
  }
  if (socket.max_connections_per_source().connections() != 0 && !socket.accept()) {
    Report(kPerSource, "has no effect without Accept=yes", false, problems);
  }
  if (socket.selinux_context_from_net()) {
    Report(kFromNet, "has no effect: instances keep the daemon's context", false, problems);
  }
}

bool AsksForSystemd(const v1::Condition& condition) {
  if (condition.kind() != v1::Condition::KIND_VERSION) return false;
  const auto version = ParseVersionComparison(condition.value());
  return version.ok() && version->component == Component::kSystemd;
}

// What is never met, whatever the machine is; specifiers may still hide it.
void WarnOfConditions(ConditionRole role,
                      const google::protobuf::RepeatedPtrField<v1::Condition>& conditions,
                      Problems& problems) {
  for (const v1::Condition& condition : conditions) {
    if (absl::StrContains(condition.value(), "%")) continue;
    const bool known = IsKnownWord(condition);
    if (known && !AsksForSystemd(condition)) continue;
    const std::string text = ConditionText(role, condition);
    const std::string key = text.substr(0, text.find('='));
    const std::string why = known ? "there is no systemd here" : "no such thing is known";
    const bool assertion = role == ConditionRole::kAssertion;
    Report({"Unit", key, assertion ? "unit.assertions" : "unit.conditions"},
           absl::StrCat(why, ": taken as false; the value is ", condition.value()), false,
           problems);
  }
}

}  // namespace

bool CheckType(const UnitName& name, const UnitDefinition& definition, Problems& problems) {
  if (TypeOf(definition) == name.type()) return true;
  Problem problem;
  problem.field = "definition";
  problem.message =
      absl::StrCat("the definition does not fit a name that ends in .", std::string(name.suffix()));
  problem.fatal = true;
  problems.push_back(std::move(problem));
  return false;
}

void CheckRules(const UnitDefinition& definition, Problems& problems) {
  if (definition.has_socket()) {
    CheckListens(definition.socket(), problems);
    CheckSocket(definition.socket(), problems);
  }
  if (definition.has_service()) CheckService(definition, problems);
}

void WarnOfDifferences(const UnitDefinition& definition, Problems& problems) {
  WarnOfConditions(ConditionRole::kCondition, definition.unit().conditions(), problems);
  WarnOfConditions(ConditionRole::kAssertion, definition.unit().assertions(), problems);
  if (definition.has_socket()) WarnOfSocket(definition.socket(), problems);
  if (!definition.has_service()) return;
  const ServiceSpec& service = definition.service();
  if (service.type() == ServiceSpec::TYPE_DBUS) {
    Report(kType, "dbus is treated as simple: nobody waits for the bus name", false, problems);
  }
  if (service.type() == ServiceSpec::TYPE_IDLE) {
    Report(kType, "idle is treated as simple: nobody waits for other jobs", false, problems);
  }
  if (service.file_descriptor_store_max() > kMostStored) {
    Report(kStoreMax, absl::StrCat("taken as ", kMostStored, ", the most there can be"), false,
           problems);
  }
  if (service.restart() == ServiceSpec::RESTART_ON_WATCHDOG) {
    Report(kRestart, "on-watchdog never happens: WatchdogSec= is not enforced here", false,
           problems);
  }
}

}  // namespace socketd
