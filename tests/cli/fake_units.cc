#include "tests/cli/fake_units.h"

namespace socketd::cli {
namespace {

v1::Unit Base(const std::string& name, v1::ActiveState state, const std::string& sub_state) {
  v1::Unit unit;
  unit.set_name("units/" + name);
  unit.set_revision(40);
  unit.set_etag("e1");
  v1::UnitStatus& status = *unit.mutable_status();
  status.set_load_state(v1::LOAD_STATE_LOADED);
  status.set_active_state(state);
  status.set_sub_state(sub_state);
  status.set_result(v1::RESULT_SUCCESS);
  *status.mutable_changed() = Stamp(kEpoch);
  status.set_fragment_path("/etc/socketd/units/" + name);
  return unit;
}

v1::Unit WebSocket() {
  v1::Unit unit = Base("web.socket", v1::ACTIVE_STATE_ACTIVE, "listening");
  unit.mutable_definition()->mutable_unit()->set_description("Front door");
  auto& listen = *unit.mutable_definition()->mutable_socket()->add_listen();
  listen.set_kind(v1::ListenAddress::KIND_STREAM);
  listen.set_address("0");
  unit.set_unit_file(
      "[Unit]\nDescription=Front door\n\n[Socket]\nListenStream=0\nListenStream=/run/web.sock\n");
  v1::UnitStatus& status = *unit.mutable_status();
  status.add_drop_in_paths("/etc/socketd/units/web.socket.d/10-more.conf");
  status.add_warnings("line 7: Foo= in [Socket] is not known; did you mean FreeBind=?");
  status.add_triggers("web.service");
  status.mutable_cause()->set_kind(v1::Cause::KIND_REQUEST);
  status.mutable_cause()->set_detail("uid 0 pid 17");
  v1::SocketStatus& socket = *status.mutable_socket();
  socket.set_accepted(14);
  socket.set_connections(2);
  socket.set_refused(1);
  socket.mutable_refusals()->set_max_connections(1);
  socket.set_failed(1);
  v1::SocketStatus::InstanceFailure& failure = *socket.add_failures();
  failure.set_unit("web@4-711-0.service");
  failure.mutable_time()->set_seconds(1795262400);
  failure.set_result(v1::RESULT_EXIT_CODE);
  failure.set_detail("exited, status 1");
  socket.set_triggered(3);
  socket.set_trigger_limit_hits(2);
  socket.set_coolings(1);
  socket.set_service("web.service");
  auto& first = *socket.add_listeners();
  first.set_kind("ListenStream");
  first.set_address("0");
  first.set_bound("0.0.0.0:40123");
  auto& second = *socket.add_listeners();
  second.set_kind("ListenStream");
  second.set_address("/run/web.sock");
  return unit;
}

v1::Unit WebService() {
  v1::Unit unit = Base("web.service", v1::ACTIVE_STATE_ACTIVE, "running");
  unit.mutable_definition()->mutable_unit()->set_description("The web");
  unit.mutable_definition()->mutable_service();
  unit.set_unit_file("[Unit]\nDescription=The web\n\n[Service]\nExecStart=/usr/bin/web --yes\n");
  v1::UnitStatus& status = *unit.mutable_status();
  status.add_triggered_by("web.socket");
  status.mutable_cause()->set_kind(v1::Cause::KIND_TRAFFIC);
  status.mutable_cause()->set_unit("web.socket");
  status.mutable_service()->set_main_pid(4711);
  status.mutable_service()->set_status_text("yes");
  status.mutable_service()->set_restarts(2);
  return unit;
}

v1::Unit DbService() {
  v1::Unit unit = Base("db.service", v1::ACTIVE_STATE_FAILED, "failed");
  unit.set_unit_file("[Service]\nExecStart=/usr/bin/db\n");
  v1::UnitStatus& status = *unit.mutable_status();
  status.set_result(v1::RESULT_EXIT_CODE);
  status.set_source_changed(true);
  status.mutable_cause()->set_kind(v1::Cause::KIND_PROCESS);
  status.mutable_cause()->set_detail("exited, status 1");
  status.mutable_service()->set_main_exit("exited, status 1");
  status.mutable_service()->set_stored(2);
  status.mutable_service()->set_stored_max(16);
  for (const auto& [name, kind] : {std::pair{"client", "socket"}, std::pair{"counter", "memfd"}}) {
    v1::ServiceStatus::StoredDescriptor& stored =
        *status.mutable_service()->add_stored_descriptors();
    stored.set_name(name);
    stored.set_kind(kind);
  }
  auto& line = *status.add_log_lines();
  *line.mutable_time() = Stamp(kEpoch);
  line.set_text("cannot open /var/lib/db: \033[31mPermission denied\033[0m");
  return unit;
}

v1::Unit IdleTarget() {
  v1::Unit unit = Base("idle.target", v1::ACTIVE_STATE_INACTIVE, "dead");
  v1::StartCheck& check = *unit.mutable_status()->mutable_start_check();
  *check.mutable_time() = Stamp(kEpoch);
  check.set_unmet("ConditionPathExists=/etc/idle is not met");
  v1::StartCheck::Finding& finding = *check.add_findings();
  finding.set_directive("ConditionPathExists=/etc/idle");
  return unit;
}

v1::Unit LostService() {
  v1::Unit unit = Base("lost.service", v1::ACTIVE_STATE_INACTIVE, "dead");
  unit.mutable_status()->set_load_state(v1::LOAD_STATE_NOT_FOUND);
  unit.mutable_status()->clear_fragment_path();
  return unit;
}

v1::Unit EvilService() {
  v1::Unit unit = Base("evil.service", v1::ACTIVE_STATE_ACTIVATING, "start\033[2J");
  unit.mutable_definition()->mutable_unit()->set_description("Beep\a: \"quoted\"");
  unit.mutable_status()->set_job("start");
  return unit;
}

}  // namespace

google::protobuf::Timestamp Stamp(absl::Time time) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(absl::ToUnixSeconds(time));
  return stamp;
}

std::map<std::string, v1::Unit> FakeUnits() {
  return {{"web.socket", WebSocket()},     {"web.service", WebService()},
          {"db.service", DbService()},     {"idle.target", IdleTarget()},
          {"lost.service", LostService()}, {"evil.service", EvilService()}};
}

v1::UnitChange FakeUnitChange() {
  v1::UnitChange change;
  change.set_unit("web.socket");
  change.set_action(v1::UnitChange::ACTION_CHANGE);
  v1::DirectiveChange& listen = *change.add_directives();
  listen.set_section("Socket");
  listen.set_key("ListenStream");
  for (const char* address : {"80", "81"})
    listen.add_from(address);
  for (const char* address : {"80", "82"})
    listen.add_to(address);
  v1::DirectiveChange& backlog = *change.add_directives();
  backlog.set_section("Socket");
  backlog.set_key("Backlog");
  backlog.add_to("5");
  const auto add = [&](v1::ListenerChange::Action action, const char* address, int index) {
    v1::ListenerChange& listener = *change.add_listeners();
    listener.set_kind("ListenStream");
    listener.set_address(address);
    listener.set_action(action);
    listener.set_index(index);
  };
  add(v1::ListenerChange::ACTION_KEEP, "80", 0);
  change.mutable_listeners(0)->add_set_live("Backlog");
  change.mutable_listeners(0)->add_at_next_start("ReusePort");
  add(v1::ListenerChange::ACTION_OPEN, "82", 1);
  add(v1::ListenerChange::ACTION_CLOSE, "81", 1);
  change.add_at_next_start("Service");
  return change;
}

v1::Change FakeChange(std::int64_t revision,
                      const std::string& unit,
                      const std::string& from,
                      const std::string& to) {
  v1::Change change;
  change.set_revision(revision);
  *change.mutable_time() = Stamp(kEpoch + absl::Seconds(revision));
  change.set_unit(unit);
  change.set_from(from);
  change.set_to(to);
  change.set_active_state(v1::ACTIVE_STATE_ACTIVE);
  change.mutable_cause()->set_kind(v1::Cause::KIND_TRAFFIC);
  change.mutable_cause()->set_unit("web.socket");
  change.mutable_cause()->set_detail("127.0.0.1:4711");
  return change;
}

}  // namespace socketd::cli
