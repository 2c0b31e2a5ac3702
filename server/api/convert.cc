#include "server/api/convert.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"

#include "proto/socketd/v1/unit.pb.h"
#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/names.h"
#include "server/base/text.h"
#include "server/unit/schema.h"

namespace socketd {
namespace {

// Addresses and paths may hold any byte, and a string field must not: hence CleanText.

void Fill(const std::vector<std::string>& texts,
          google::protobuf::RepeatedPtrField<std::string>& field) {
  for (const std::string& text : texts)
    field.Add(CleanText(text));
}

void ConvertCause(const Cause& cause, v1::Cause& message) {
  message.set_kind(static_cast<v1::Cause::Kind>(cause.kind));
  message.set_unit(cause.unit);
  message.set_detail(CleanText(cause.detail));
}

void ConvertSocket(const SocketSnapshot& snapshot, v1::SocketStatus& status) {
  for (const ListenerSnapshot& listener : snapshot.listeners) {
    v1::SocketStatus::Listener& message = *status.add_listeners();
    message.set_kind(listener.kind);
    message.set_address(CleanText(listener.address));
    message.set_bound(CleanText(listener.bound));
  }
  status.set_connections(snapshot.connections);
  const SocketCounters& counters = snapshot.counters;
  status.set_accepted(counters.accepted);
  status.set_refused(counters.refused());
  v1::SocketStatus::Refusals& refusals = *status.mutable_refusals();
  refusals.set_max_connections(counters.refused_max_connections);
  refusals.set_max_connections_per_source(counters.refused_per_source);
  refusals.set_stopping(counters.refused_stopping);
  refusals.set_resources(counters.refused_resources);
  status.set_failed(counters.failed);
  status.set_skipped(counters.skipped);
  status.set_skipped_detail(CleanText(snapshot.skipped_detail));
  status.set_triggered(counters.triggered);
  status.set_trigger_limit_hits(counters.trigger_limit_hits);
  status.set_poll_limit_hits(counters.poll_limit_hits);
  status.set_coolings(counters.coolings);
  status.set_service(snapshot.service);
}

void ConvertFailures(const std::vector<InstanceFailure>& failures, v1::SocketStatus& status) {
  for (const InstanceFailure& failure : failures) {
    v1::SocketStatus::InstanceFailure& message = *status.add_failures();
    message.set_unit(CleanText(failure.unit));
    Convert(failure.time, *message.mutable_time());
    message.set_result(static_cast<v1::Result>(failure.result));
    message.set_detail(CleanText(failure.detail));
  }
}

void ConvertService(const ServiceSnapshot& snapshot, v1::ServiceStatus& status) {
  status.set_main_pid(snapshot.main_pid);
  status.set_status_text(CleanText(snapshot.status_text));
  status.set_restarts(snapshot.restarts);
  status.set_main_exit(CleanText(snapshot.main_exit));
  status.set_stored(snapshot.stored == nullptr ? 0
                                               : static_cast<uint32_t>(snapshot.stored->size()));
  status.set_stored_max(static_cast<uint32_t>(snapshot.store_most));
}

void ConvertStored(const std::vector<StoredDescriptor>& stored, v1::ServiceStatus& status) {
  for (const StoredDescriptor& descriptor : stored) {
    v1::ServiceStatus::StoredDescriptor& message = *status.add_stored_descriptors();
    message.set_name(CleanText(descriptor.name));
    message.set_kind(std::string(descriptor.kind));
  }
}

void ConvertTimes(const UnitSnapshot& snapshot, v1::UnitStatus& status) {
  if (snapshot.changed != absl::InfinitePast())
    Convert(snapshot.changed, *status.mutable_changed());
  if (snapshot.active_since != absl::InfinitePast())
    Convert(snapshot.active_since, *status.mutable_active_since());
  if (snapshot.inactive_since != absl::InfinitePast())
    Convert(snapshot.inactive_since, *status.mutable_inactive_since());
}

void ConvertLog(const std::vector<LogLine>& lines, v1::UnitStatus& status) {
  for (const LogLine& line : lines) {
    v1::LogLine& message = *status.add_log_lines();
    Convert(line.time, *message.mutable_time());
    message.set_text(CleanText(line.text));
  }
}

void ConvertStartCheck(const StartCheck& check, v1::StartCheck& message) {
  Convert(check.time, *message.mutable_time());
  message.set_conditions_met(check.conditions_met);
  message.set_assertions_met(check.conditions_met && check.assertions_met);
  message.set_unmet(CleanText(check.unmet));
}

void ConvertFindings(const std::vector<ConditionFinding>& findings, v1::StartCheck& message) {
  for (const ConditionFinding& finding : findings) {
    v1::StartCheck::Finding& shown = *message.add_findings();
    shown.set_directive(CleanText(finding.directive));
    shown.set_holds(finding.holds);
  }
}

void ConvertState(const UnitSnapshot& snapshot, v1::UnitStatus& status) {
  status.set_load_state(static_cast<v1::LoadState>(snapshot.load_state));
  status.set_load_error(CleanText(snapshot.load_error));
  status.set_active_state(static_cast<v1::ActiveState>(snapshot.active_state));
  status.set_sub_state(std::string(snapshot.sub_state));
  status.set_result(static_cast<v1::Result>(snapshot.result));
  ConvertTimes(snapshot, status);
  ConvertCause(snapshot.cause, *status.mutable_cause());
  status.set_control_pid(snapshot.control_pid);
  status.set_job(snapshot.job);
  Fill(snapshot.warnings, *status.mutable_warnings());
  status.set_fragment_path(CleanText(snapshot.fragment_path));
  Fill(snapshot.drop_in_paths, *status.mutable_drop_in_paths());
  status.set_source_changed(snapshot.source_changed);
  status.set_invocation_id(snapshot.invocation_id);
  Fill(snapshot.triggers, *status.mutable_triggers());
  Fill(snapshot.triggered_by, *status.mutable_triggered_by());
  if (snapshot.start_check != nullptr)
    ConvertStartCheck(*snapshot.start_check, *status.mutable_start_check());
}

bool HasSuffix(absl::string_view name, absl::string_view suffix) {
  return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

}  // namespace

void Convert(absl::Time time, google::protobuf::Timestamp& message) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  message.set_seconds(seconds);
  message.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void Convert(const UnitSnapshot& snapshot, View view, v1::Unit& unit) {
  unit.set_name(ResourceName(snapshot.name));
  Fill(snapshot.aliases, *unit.mutable_aliases());
  unit.set_revision(snapshot.revision);
  unit.set_etag(snapshot.etag);
  v1::UnitStatus& status = *unit.mutable_status();
  ConvertState(snapshot, status);
  if (HasSuffix(snapshot.name, ".socket")) ConvertSocket(snapshot.socket, *status.mutable_socket());
  if (HasSuffix(snapshot.name, ".service"))
    ConvertService(snapshot.service, *status.mutable_service());
  if (view == View::kBasic) return;
  if (snapshot.log_lines != nullptr) ConvertLog(*snapshot.log_lines, status);
  if (snapshot.socket.failures != nullptr)
    ConvertFailures(*snapshot.socket.failures, *status.mutable_socket());
  if (snapshot.service.stored != nullptr)
    ConvertStored(*snapshot.service.stored, *status.mutable_service());
  if (snapshot.start_check != nullptr)
    ConvertFindings(snapshot.start_check->findings, *status.mutable_start_check());
  if (snapshot.definition == nullptr) return;
  *unit.mutable_definition() = *snapshot.definition;
  unit.set_unit_file(WriteUnitFile(*snapshot.definition));
}

void Convert(const DumpReport& report, v1::DumpUnitResponse& message) {
  message.set_text(report.text);
  for (const auto& [key, value] : report.properties) {
    v1::DumpUnitResponse::Property& property = *message.add_properties();
    property.set_key(key);
    property.set_value(value);
  }
  if (report.unit != nullptr) Convert(*report.unit, View::kFull, *message.mutable_unit());
}

void Convert(const Change& change, v1::Change& message) {
  message.set_revision(change.revision);
  Convert(change.time, *message.mutable_time());
  message.set_unit(change.unit);
  message.set_from(std::string(change.from));
  message.set_to(std::string(change.to));
  message.set_active_state(static_cast<v1::ActiveState>(change.active_state));
  message.set_result(static_cast<v1::Result>(change.result));
  ConvertCause(change.cause, *message.mutable_cause());
}

}  // namespace socketd
