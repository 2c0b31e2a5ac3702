// A unit's definition as the engine works with it: what the loader found, and beside it everything
// an engine step needs often, resolved once. Immutable and shared: by all runs of a unit, and by
// all instances of a template whose definition does not depend on the instance.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "server/engine/exec_context.h"
#include "server/engine/rate_limit.h"
#include "server/engine/sources.h"
#include "server/kernel/types.h"
#include "server/unit/unit_loader.h"
#include "server/unit/unit_name.h"

namespace socketd {

namespace v1 {
class SocketSpec;
class ServiceSpec;
class UnitDefinition;
}  // namespace v1

enum class DeferTrigger : uint8_t { kNo, kYes, kPatient };

struct SocketSettings {
  explicit SocketSettings(UnitName triggered) : service(std::move(triggered)) {}

  struct Listener {
    std::string kind;     // "ListenStream"
    std::string address;  // as configured, specifiers expanded
    std::string name;     // of its descriptor; empty: the unit's
    ListenSpec spec;      // owner not yet looked up
  };
  std::shared_ptr<const v1::UnitDefinition> source;  // the chains live in it
  std::vector<Listener> listeners;
  Chain start_pre, start_post, stop_pre, stop_post;
  absl::Duration timeout;  // of each command and each signal step; infinite: none
  IdentityQuery owner;     // both empty: none to look up
  bool accept = false;
  UnitName service;               // what traffic starts; with Accept= its template
  uint32_t max_connections = 64;  // 0: no limit
  SourceLimit per_source;
  std::string descriptor_name;  // empty: the default
  bool flush_pending = false;
  bool lends_to_commands = false;  // PassFileDescriptorsToExec=
  bool remove_on_stop = false;
  bool partial_listen = false;
  std::vector<std::string> symlinks;
  RateLimit trigger_limit;
  RateLimit poll_limit;  // of each listener
  DeferTrigger defer = DeferTrigger::kNo;
  absl::Duration defer_most;         // infinite: no limit
  bool trigger_limit_fails = false;  // TriggerLimitAction=fail; else the unit cools down
  ExecSettings exec;
  KillSettings kill;
};

enum class ServiceType : uint8_t { kSimple, kExec, kOneshot, kForking, kNotify, kNotifyReload };
enum class RestartPolicy : uint8_t { kNo, kOnSuccess, kOnFailure, kOnAbnormal, kOnAbort, kAlways };
enum class StorePreserve : uint8_t { kNo, kYes, kRestart, kOnSuccess };
enum class NotifyAccess : uint8_t { kNone, kMain, kExec, kAll };

// Ends of a process that count as something.
struct ExitSet {
  std::vector<int> statuses;
  std::vector<int> signals;
  bool Has(const Exit& exit) const;
};

struct ServiceSettings {
  std::shared_ptr<const v1::UnitDefinition> source;  // the chains live in it
  ServiceType type = ServiceType::kSimple;
  Chain start_pre, start, start_post, reload, stop, stop_post;
  absl::Duration timeout_start, timeout_stop;  // of each step; infinite: none
  RestartPolicy restart = RestartPolicy::kNo;
  absl::Duration restart_delay;
  bool remain_after_exit = false;
  std::string pid_file;
  bool nonblocking = false;
  NotifyAccess notify_access = NotifyAccess::kNone;
  size_t store_most = 0;  // descriptors that it may leave with us
  StorePreserve store_preserve = StorePreserve::kRestart;
  std::vector<std::string> sockets;
  ExitSet success;  // ends of the main process that are clean besides status 0
  ExitSet prevent_restart;
  ExecSettings exec;
  KillSettings kill;
};

struct Definition {
  explicit Definition(LoadedUnit found) : loaded(std::move(found)) {}

  LoadedUnit loaded;
  std::string etag;  // as shown, of `loaded` as the next one
  std::vector<std::string> warnings;
  RateLimit start_limit;
  bool stop_when_unneeded = false;
  std::shared_ptr<const SocketSettings> socket;    // of a loaded socket unit
  std::shared_ptr<const ServiceSettings> service;  // of a loaded service
};

using DefinitionPtr = std::shared_ptr<const Definition>;

// Resolves what the loader found. A definition that does not hold together after all becomes
// bad-setting.
DefinitionPtr MakeDefinition(LoadedUnit found, const ExecSurroundings& around);

}  // namespace socketd
