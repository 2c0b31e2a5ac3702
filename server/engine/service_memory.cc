// What a service remembers beyond the daemon's end, and how it goes on.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/engine/remembered.h"
#include "server/engine/remembered.pb.h"
#include "server/engine/service_unit.h"

namespace socketd {

void ServiceUnit::RememberMore(remembered::Unit& unit) const {
  RememberWalk(unit);
  remembered::Service& record = *unit.mutable_service();
  if (main_) RememberProcess(main_, *record.mutable_main());
  record.set_main_pid(main_pid_);
  if (main_end_.has_value()) {
    record.mutable_main_end()->set_how(static_cast<uint32_t>(main_end_->exit.how));
    record.mutable_main_end()->set_status(main_end_->exit.status);
    record.mutable_main_end()->set_result(static_cast<uint32_t>(main_end_->result));
  }
  record.set_main_exit(main_exit_);
  record.set_start_index(static_cast<uint32_t>(start_index_));
  record.set_stop_asked(stop_asked_);
  record.set_said(static_cast<uint32_t>(said_));
  record.set_reload_failed(reload_failed_);
  record.set_reload_asked(NanosOf(reload_asked_));
  record.set_restarts(restarts_);
  record.set_status_text(status_text_);
  const auto* const ready = std::get_if<Ready>(&wait_);
  record.set_announced(ready == nullptr || ready->announced);
  store_.Remember(record);
  record.set_unstored(unstored_);
  if (!marks.instance) return;
  if (origin_ != nullptr) record.set_origin(origin_->name());
  record.set_connection(connection_cookie_);
  record.set_held(static_cast<bool>(connection_));
  record.set_connection_name(connection_name_);
  for (const auto& [name, value] : connection_variables_)
    record.add_connection_variables(absl::StrCat(name, "=", value));
  record.set_source(source_.source());
}

std::optional<ActiveState> ServiceUnit::RecallMore(const remembered::Unit& unit) {
  const ServiceState state = StateOf(unit.state());
  const bool rests = state == ServiceState::kDead || state == ServiceState::kFailed;
  if (state == ServiceState::kNever || (!rests && definition()->service == nullptr)) return {};
  settings_ = definition()->service;
  const remembered::Service& record = unit.service();
  main_pid_ = record.main_pid();
  if (record.has_main_end()) {
    const std::optional<Result> result = ResultOf(record.main_end().result());
    const auto how = static_cast<Exit::How>(record.main_end().how() % 4);
    main_end_ = ProcessEnd{
        {how, record.main_end().status()}, result.value_or(Result::kSuccess), record.main_exit()};
  }
  main_exit_ = record.main_exit();
  start_index_ = record.start_index();
  stop_asked_ = record.stop_asked();
  said_ = static_cast<Said>(record.said() % 4);
  reload_failed_ = record.reload_failed();
  reload_asked_ = InstantOf(record.reload_asked());
  restarts_ = record.restarts();
  status_text_ = record.status_text();
  if (settings_ != nullptr) store_.Recall(record);
  unstored_ = record.unstored();
  Walk::Recall(state);
  return ActiveStateOf(state);
}

void ServiceUnit::TakeAgain(const remembered::Unit& unit, SocketUnit& origin) {
  const remembered::Service& record = unit.service();
  marks.instance = true;
  origin_ = &origin;
  source_ = origin.HoldSource(record.source());
  connection_cookie_ = record.connection();
  connection_name_ = record.connection_name();
  constexpr absl::string_view kNames[] = {"REMOTE_ADDR", "REMOTE_PORT", "SO_COOKIE"};
  for (const std::string& variable : record.connection_variables()) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(variable, absl::MaxSplits('=', 1));
    for (const absl::string_view name : kNames) {
      if (parts.first == name) connection_variables_.emplace_back(name, std::string(parts.second));
    }
  }
  if (!record.held()) return;
  absl::StatusOr<Connection> connection = host_.loop().kernel().TakeConnection(connection_cookie_);
  if (connection.ok()) connection_ = std::move(connection->fd);
}

void ServiceUnit::Resume(const remembered::Unit& unit) {
  const ServiceState next = NextOf(unit);
  if (Rests(kServiceMachine[IndexOf(next)].awaits))
    return marks.instance ? ResumeInstance() : void();
  run_.Recall(static_cast<GroupId>(unit.group()));
  start_index_ = std::min(start_index_, settings_->start.empty() ? 0 : settings_->start.size() - 1);
  const remembered::Process& main = unit.service().main();
  if (main.pid() != 0) {
    main_ = run_.Readopt(IdOf(main), MainCommand());
    if (!main_) LoseMain();
    connection_ = Fd();  // the process has it
  }
  stopping_ = ActiveStateOf(next) == ActiveState::kDeactivating;
  Walk::Resume(next, [&](ServiceState state) { return ResumeWait(state, unit); });
}

const ProcessEnd& ServiceUnit::LoseMain() {
  main_end_ = ProcessEnd{{}, Result::kSignal, "ended with nobody there to see how"};
  main_exit_ = main_end_->text;
  return *main_end_;
}

// One that had come, and was not told to start yet, is served now.
void ServiceUnit::ResumeInstance() {
  const bool came = invocation_id().empty() && connection_ && job() == nullptr;
  const Cause cause{Cause::Kind::kTraffic, origin_->name(), ""};
  if (!came || !host_.Queue(*this, Work::kStart, cause).ok()) host_.OnInstanceEnded(*this);
}

const v1::Command* ServiceUnit::MainCommand() const {
  const bool ours = settings_->type != ServiceType::kForking && !settings_->start.empty();
  return ours ? settings_->start[start_index_] : nullptr;
}

Ending ServiceUnit::ResumeWait(ServiceState state, const remembered::Unit& unit) {
  const ServiceRow& row = kServiceMachine[IndexOf(state)];
  switch (row.awaits) {
    case ServiceAwait::kExecPre:
      return ResumeCommand(settings_->start_pre, unit);
    case ServiceAwait::kReady:
      return ResumeStart(unit);
    case ServiceAwait::kExecPost:
      return ResumeCommand(settings_->start_post, unit);
    case ServiceAwait::kMainEnd:
      return main_end_.has_value() ? EndingFor(*main_end_) : BeginMainEnd();
    case ServiceAwait::kReloaded:
      if (unit.control().pid() != 0) return ResumeReload(unit);
      wait_ = Ready{Deadline(), Timer(), unit.service().announced()};
      RestoreDeadline(unit);
      return Outcome::kPending;
    case ServiceAwait::kExecStop:
      return ResumeCommand(settings_->stop, unit);
    case ServiceAwait::kSigterm:
    case ServiceAwait::kSigkill:
      return ResumeSignal(row, unit);
    case ServiceAwait::kExecEnd:
      return ResumeCommand(settings_->stop_post, unit);
    case ServiceAwait::kDelay: {
      const Ending begun = BeginDelay();
      if (auto* delay = std::get_if<Delay>(&wait_); delay != nullptr && unit.deadline() != 0)
        *delay = DelayUntil(InstantOf(unit.deadline()));
      return begun;
    }
    default:
      return Begin(state);
  }
}

Ending ServiceUnit::ResumeReload(const remembered::Unit& unit) {
  if (!settings_->reload.empty()) return ResumeCommand(settings_->reload, unit);
  return DoneFor({Cause::Kind::kDaemon, "", "its ExecReload= is gone from the file"});
}

Ending ServiceUnit::ResumeStart(const remembered::Unit& unit) {
  if (settings_->start.empty()) return Outcome::kDone;
  if (settings_->type == ServiceType::kForking) {
    const bool forked = unit.command() >= settings_->start.size();
    if (!forked) return ResumeCommand(settings_->start, unit);
    return settings_->pid_file.empty() ? Ending(Outcome::kDone) : FindMain();
  }
  if (main_end_.has_value()) return EndOfStart(*main_end_);
  if (!main_) main_ = run_.ReadoptAny(MainCommand(), unit.ended());
  if (!main_ && marks.instance && !connection_) return EndOfStart(LoseMain());
  if (!main_) return BeginMain(start_index_);
  connection_ = Fd();  // the process has it
  main_pid_ = main_.child.pid();
  const bool runs =
      settings_->type == ServiceType::kSimple || settings_->type == ServiceType::kExec;
  if (runs) return Outcome::kDone;
  wait_ = Ready{Deadline(), Timer()};
  RestoreDeadline(unit);
  return Outcome::kPending;
}

}  // namespace socketd
