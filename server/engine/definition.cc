#include "server/engine/definition.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/engine/socket_options_of.h"
#include "server/unit/definition_rules.h"
#include "server/unit/grammar_signal.h"
#include "server/unit/listen_address.h"

namespace socketd {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(90);

absl::Duration ToDuration(const google::protobuf::Duration& span) {
  return absl::Seconds(span.seconds()) + absl::Nanoseconds(span.nanos());
}

// 0 and below: no limit.
absl::Duration TimeoutOf(bool set, const google::protobuf::Duration& span, absl::Duration unset) {
  const absl::Duration timeout = set ? ToDuration(span) : unset;
  return timeout <= absl::ZeroDuration() ? absl::InfiniteDuration() : timeout;
}

RateLimit RateOf(bool set, const google::protobuf::Duration& interval, uint32_t burst) {
  return {set ? ToDuration(interval) : absl::Seconds(2), burst};
}

SourceLimit LimitOf(const v1::PerSourceLimit& spec) {
  SourceLimit limit;
  limit.connections = spec.connections();
  if (spec.has_ipv4_prefix()) limit.ipv4_prefix = spec.ipv4_prefix();
  if (spec.has_ipv6_prefix()) limit.ipv6_prefix = spec.ipv6_prefix();
  return limit;
}

void SetLimits(const v1::SocketSpec& spec, SocketSettings& settings) {
  const bool accept = spec.accept();
  settings.trigger_limit =
      RateOf(spec.has_trigger_limit_interval(), spec.trigger_limit_interval(),
             spec.has_trigger_limit_burst() ? spec.trigger_limit_burst() : (accept ? 200 : 20));
  settings.poll_limit =
      RateOf(spec.has_poll_limit_interval(), spec.poll_limit_interval(),
             spec.has_poll_limit_burst() ? spec.poll_limit_burst() : (accept ? 150 : 15));
  settings.trigger_limit_fails =
      spec.trigger_limit_action() == v1::SocketSpec::TRIGGER_LIMIT_ACTION_FAIL;
  if (spec.has_max_connections()) settings.max_connections = spec.max_connections();
  settings.per_source = LimitOf(spec.max_connections_per_source());
}

Chain ChainOf(const google::protobuf::RepeatedPtrField<v1::Command>& commands) {
  return {commands.pointer_begin(), commands.pointer_end()};
}

ExitSet ExitSetOf(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  ExitSet set;
  for (const std::string& text : texts) {
    const absl::StatusOr<ExitStatus> status = ParseExitStatus(text);
    if (!status.ok()) continue;
    (status->is_signal ? set.signals : set.statuses).push_back(static_cast<int>(status->number));
  }
  return set;
}

struct KindRow {
  absl::string_view key;
  ListenKind kind;
  ListenType type;
};

// By v1::ListenAddress::Kind.
constexpr std::array<KindRow, 9> kKinds = {{
    {"ListenStream", ListenKind::kStream, ListenType::kStream},
    {"ListenStream", ListenKind::kStream, ListenType::kStream},
    {"ListenDatagram", ListenKind::kDatagram, ListenType::kDatagram},
    {"ListenSequentialPacket", ListenKind::kSequentialPacket, ListenType::kSequentialPacket},
    {"ListenFIFO", ListenKind::kFifo, ListenType::kFifo},
    {"ListenSpecial", ListenKind::kSpecial, ListenType::kSpecial},
    {"ListenNetlink", ListenKind::kNetlink, ListenType::kNetlink},
    {"ListenMessageQueue", ListenKind::kMessageQueue, ListenType::kMessageQueue},
    {"ListenUSBFunction", ListenKind::kUsbFunction, ListenType::kUsbFunction},
}};

SocketProtocol ProtocolOf(v1::SocketSpec::SocketProtocol value) {
  switch (value) {
    case v1::SocketSpec::SOCKET_PROTOCOL_UDPLITE:
      return SocketProtocol::kUdplite;
    case v1::SocketSpec::SOCKET_PROTOCOL_SCTP:
      return SocketProtocol::kSctp;
    case v1::SocketSpec::SOCKET_PROTOCOL_MPTCP:
      return SocketProtocol::kMptcp;
    default:
      return SocketProtocol::kDefault;
  }
}

Ipv6Only Ipv6OnlyOf(v1::SocketSpec::BindIpv6Only value) {
  if (value == v1::SocketSpec::BIND_IPV6_ONLY_BOTH) return Ipv6Only::kBoth;
  if (value == v1::SocketSpec::BIND_IPV6_ONLY_IPV6_ONLY) return Ipv6Only::kIpv6Only;
  return Ipv6Only::kDefault;
}

// What all listeners of a unit have in common.
ListenSpec CommonOf(const v1::SocketSpec& spec) {
  ListenSpec common;
  common.ipv6_only = Ipv6OnlyOf(spec.bind_ipv6_only());
  if (spec.has_backlog()) common.backlog = std::min(spec.backlog(), 0x7FFFFFFFU);
  common.bind_to_device = spec.bind_to_device();
  if (spec.has_socket_mode()) common.mode = spec.socket_mode();
  if (spec.has_directory_mode()) common.directory_mode = spec.directory_mode();
  common.protocol = ProtocolOf(spec.socket_protocol());
  common.writable = spec.writable();
  common.queue_messages = spec.message_queue_max_messages();
  common.queue_message_size = static_cast<uint32_t>(spec.message_queue_message_size());
  common.options = OptionsOf(spec);
  return common;
}

absl::Status AddListeners(const v1::SocketSpec& spec, SocketSettings& settings) {
  const ListenSpec common = CommonOf(spec);
  for (int i = 0; i < spec.listen_size(); ++i) {
    const v1::ListenAddress& listen = spec.listen(i);
    const KindRow& row = kKinds.at(static_cast<size_t>(listen.kind()));
    absl::StatusOr<SocketAddress> address = ParseListenAddress(row.kind, listen.address());
    if (!address.ok()) return address.status();
    SocketSettings::Listener listener;
    listener.kind = std::string(row.key);
    listener.address = listen.address();
    if (i < spec.listen_names_size()) listener.name = spec.listen_names(i);
    listener.spec = common;
    listener.spec.type = row.type;
    listener.spec.address = *std::move(address);
    settings.listeners.push_back(std::move(listener));
  }
  return absl::OkStatus();
}

using Source = std::shared_ptr<const v1::UnitDefinition>;

// Service=, or the unit of the same name; systemd.socket(5).
UnitName TriggeredBy(const UnitName& socket, const v1::SocketSpec& spec) {
  const std::string by_name = spec.accept() ? absl::StrCat(socket.prefix(), "@.service")
                                            : socket.WithSuffix("service").text();
  const absl::StatusOr<UnitName> name =
      UnitName::Parse(spec.service().empty() ? by_name : spec.service());
  return name.ok() ? *name : socket.WithSuffix("service");
}

absl::StatusOr<std::shared_ptr<const SocketSettings>> SocketOf(const UnitName& name,
                                                               const Source& source,
                                                               const ExecSurroundings& around) {
  const v1::SocketSpec& spec = source->socket();
  auto settings = std::make_shared<SocketSettings>(TriggeredBy(name, spec));
  settings->source = source;
  if (absl::Status added = AddListeners(spec, *settings); !added.ok()) return added;
  settings->start_pre = ChainOf(spec.exec_start_pre());
  settings->start_post = ChainOf(spec.exec_start_post());
  settings->stop_pre = ChainOf(spec.exec_stop_pre());
  settings->stop_post = ChainOf(spec.exec_stop_post());
  settings->timeout = TimeoutOf(spec.has_timeout(), spec.timeout(), kDefaultTimeout);
  settings->owner = {spec.socket_user(), spec.socket_group()};
  settings->accept = spec.accept();
  settings->descriptor_name = spec.file_descriptor_name();
  settings->flush_pending = spec.flush_pending();
  settings->lends_to_commands = spec.pass_file_descriptors_to_exec();
  settings->remove_on_stop = spec.remove_on_stop();
  settings->partial_listen = spec.partial_listen();
  settings->symlinks.assign(spec.symlinks().begin(), spec.symlinks().end());
  SetLimits(spec, *settings);
  settings->defer = static_cast<DeferTrigger>(spec.defer_trigger());
  settings->defer_most =
      TimeoutOf(spec.has_defer_trigger_max(), spec.defer_trigger_max(), absl::InfiniteDuration());
  settings->exec = MakeExecSettings(spec.exec(), around);
  settings->kill = MakeKillSettings(spec.kill());
  return settings;
}

ServiceType TypeOf(const v1::ServiceSpec& spec) {
  switch (spec.type()) {
    case v1::ServiceSpec::TYPE_UNSPECIFIED:
      return spec.exec_start().empty() ? ServiceType::kOneshot : ServiceType::kSimple;
    case v1::ServiceSpec::TYPE_EXEC:
      return ServiceType::kExec;
    case v1::ServiceSpec::TYPE_ONESHOT:
      return ServiceType::kOneshot;
    case v1::ServiceSpec::TYPE_FORKING:
      return ServiceType::kForking;
    case v1::ServiceSpec::TYPE_NOTIFY:
      return ServiceType::kNotify;
    case v1::ServiceSpec::TYPE_NOTIFY_RELOAD:
      return ServiceType::kNotifyReload;
    default:
      return ServiceType::kSimple;
  }
}

RestartPolicy PolicyOf(v1::ServiceSpec::Restart restart) {
  switch (restart) {
    case v1::ServiceSpec::RESTART_ON_SUCCESS:
      return RestartPolicy::kOnSuccess;
    case v1::ServiceSpec::RESTART_ON_FAILURE:
      return RestartPolicy::kOnFailure;
    case v1::ServiceSpec::RESTART_ON_ABNORMAL:
      return RestartPolicy::kOnAbnormal;
    case v1::ServiceSpec::RESTART_ON_ABORT:
      return RestartPolicy::kOnAbort;
    case v1::ServiceSpec::RESTART_ALWAYS:
      return RestartPolicy::kAlways;
    default:
      return RestartPolicy::kNo;
  }
}

StorePreserve PreserveOf(v1::ServiceSpec::StorePreserve preserve) {
  switch (preserve) {
    case v1::ServiceSpec::STORE_PRESERVE_NO:
      return StorePreserve::kNo;
    case v1::ServiceSpec::STORE_PRESERVE_YES:
      return StorePreserve::kYes;
    case v1::ServiceSpec::STORE_PRESERVE_ON_SUCCESS:
      return StorePreserve::kOnSuccess;
    default:
      return StorePreserve::kRestart;
  }
}

NotifyAccess AccessOf(const v1::ServiceSpec& spec, ServiceType type) {
  switch (spec.notify_access()) {
    case v1::ServiceSpec::NOTIFY_ACCESS_MAIN:
      return NotifyAccess::kMain;
    case v1::ServiceSpec::NOTIFY_ACCESS_EXEC:
      return NotifyAccess::kExec;
    case v1::ServiceSpec::NOTIFY_ACCESS_ALL:
      return NotifyAccess::kAll;
    default:
      break;
  }
  // What a notify service says has to be heard, and what one with a store gives: as systemd, main
  // is the least.
  const bool notifies = type == ServiceType::kNotify || type == ServiceType::kNotifyReload ||
                        spec.file_descriptor_store_max() > 0;
  return notifies ? NotifyAccess::kMain : NotifyAccess::kNone;
}

std::shared_ptr<const ServiceSettings> ServiceOf(const Source& source,
                                                 const ExecSurroundings& around) {
  const v1::ServiceSpec& spec = source->service();
  auto settings = std::make_shared<ServiceSettings>();
  settings->source = source;
  settings->type = TypeOf(spec);
  settings->start_pre = ChainOf(spec.exec_start_pre());
  settings->start = ChainOf(spec.exec_start());
  settings->start_post = ChainOf(spec.exec_start_post());
  settings->reload = ChainOf(spec.exec_reload());
  settings->stop = ChainOf(spec.exec_stop());
  settings->stop_post = ChainOf(spec.exec_stop_post());
  const bool oneshot = settings->type == ServiceType::kOneshot;
  settings->timeout_start = TimeoutOf(spec.has_timeout_start(), spec.timeout_start(),
                                      oneshot ? absl::ZeroDuration() : kDefaultTimeout);
  settings->timeout_stop = TimeoutOf(spec.has_timeout_stop(), spec.timeout_stop(), kDefaultTimeout);
  settings->restart = PolicyOf(spec.restart());
  settings->restart_delay =
      spec.has_restart_delay() ? ToDuration(spec.restart_delay()) : absl::Milliseconds(100);
  settings->remain_after_exit = spec.remain_after_exit();
  settings->pid_file = spec.pid_file();
  if (!settings->pid_file.empty() && settings->pid_file[0] != '/') {
    settings->pid_file =
        absl::StrCat(around.surroundings->runtime_directory, "/", settings->pid_file);
  }
  settings->nonblocking = spec.non_blocking();
  settings->notify_access = AccessOf(spec, settings->type);
  settings->store_most = std::min(spec.file_descriptor_store_max(), kMostStored);
  settings->store_preserve = PreserveOf(spec.file_descriptor_store_preserve());
  settings->sockets.assign(spec.sockets().begin(), spec.sockets().end());
  settings->success = ExitSetOf(spec.success_exit_status());
  // systemd.service(5), SuccessExitStatus=: a oneshot has work to finish.
  if (!oneshot) {
    for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGPIPE})
      settings->success.signals.push_back(signal);
  }
  settings->prevent_restart = ExitSetOf(spec.restart_prevent_exit_status());
  settings->exec = MakeExecSettings(spec.exec(), around);
  settings->kill = MakeKillSettings(spec.kill());
  return settings;
}

bool Contains(const std::vector<int>& numbers, int number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

void Resolve(const Source& effective, const ExecSurroundings& around, Definition& definition) {
  const v1::UnitSpec& unit = effective->unit();
  definition.start_limit.interval =
      unit.has_start_limit_interval() ? ToDuration(unit.start_limit_interval()) : absl::Seconds(10);
  definition.start_limit.burst = unit.has_start_limit_burst() ? unit.start_limit_burst() : 5;
  definition.stop_when_unneeded = unit.stop_when_unneeded();
  if (effective->has_service()) definition.service = ServiceOf(effective, around);
  if (!effective->has_socket()) return;
  auto socket = SocketOf(definition.loaded.name, effective, around);
  if (socket.ok()) {
    definition.socket = *std::move(socket);
  } else {
    definition.loaded.state = LoadState::kBadSetting;
    definition.loaded.error = std::string(socket.status().message());
  }
}

}  // namespace

bool ExitSet::Has(const Exit& exit) const {
  if (exit.how == Exit::How::kExited) return Contains(statuses, exit.status);
  return exit.how != Exit::How::kUnknown && Contains(signals, exit.status);
}

DefinitionPtr MakeDefinition(LoadedUnit found, const ExecSurroundings& around) {
  auto definition = std::make_shared<Definition>(std::move(found));
  const LoadedUnit& loaded = definition->loaded;
  definition->etag = absl::StrCat(absl::Hex(loaded.source_hash, absl::kZeroPad16));
  for (const Problem& problem : loaded.problems)
    definition->warnings.push_back(ToText(problem));
  if (loaded.name.is_template()) return definition;  // what runs is made for each instance
  if (loaded.state == LoadState::kLoaded && loaded.effective != nullptr) {
    Resolve(loaded.effective, around, *definition);
  }
  const bool fits = loaded.name.type() == UnitType::kSocket    ? definition->socket != nullptr
                    : loaded.name.type() == UnitType::kService ? definition->service != nullptr
                                                               : true;
  if (loaded.state == LoadState::kLoaded && !fits) {
    definition->loaded.state = LoadState::kBadSetting;
    definition->loaded.error =
        absl::StrCat(loaded.name.text(), " has no [", loaded.name.suffix(), "] section");
  }
  return definition;
}

}  // namespace socketd
