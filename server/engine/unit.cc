#include "server/engine/unit.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/engine/start_check.h"

namespace socketd {
namespace {

std::vector<std::string> NamesOf(absl::Span<Unit* const> units) {
  std::vector<std::string> names;
  for (const Unit* unit : units)
    names.push_back(unit->name());
  return names;
}

// 32 hexadecimal digits that differ between runs and restarts of the daemon: the wall clock and a
// count, mixed. It names a run; it is no secret.
std::string NewInvocationId(absl::Time now) {
  static uint64_t count = 0;
  uint64_t mixed = static_cast<uint64_t>(absl::ToUnixNanos(now)) + ++count * 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return absl::StrCat(absl::Hex(absl::ToUnixNanos(now), absl::kZeroPad16),
                      absl::Hex(mixed ^ (mixed >> 31), absl::kZeroPad16));
}

}  // namespace

Unit::Unit(UnitHost& host, UnitName name, DefinitionPtr definition)
    : host_(host),
      name_(std::move(name)),
      definition_(std::move(definition)),
      log_(host.loop(), name_.text()),
      sub_state_(name_.is_template() ? "template" : "dead") {}

Unit::~Unit() {
  Links::CutAll(*this);
}

void Unit::Redefine(DefinitionPtr definition) {
  // Records point into the definition that is gone.
  records_.clear();
  definition_ = std::move(definition);
  source_changed_ = false;
  host_.OnChanged(*this);
}

void Unit::set_source_changed(bool changed) {
  if (std::exchange(source_changed_, changed) != changed) host_.OnChanged(*this);
}

void Unit::Record(const Moved& moved) {
  Change change;
  change.time = host_.loop().wall_now();
  change.unit = name();
  change.from = moved.from;
  change.to = moved.to;
  change.active_state = moved.active;
  change.result = result_;
  change.cause = cause_;

  const bool was_at_rest = at_rest();
  const bool was_active = active_state_ == ActiveState::kActive;
  sub_state_ = moved.to;
  active_state_ = moved.active;
  changed_ = change.time;
  if (active_state_ == ActiveState::kActive && !was_active) active_since_ = changed_;
  if (at_rest() && !was_at_rest) {
    inactive_since_ = changed_;
    log_.Close();
  }
  revision_ = host_.OnMoved(*this, std::move(change));
  if (!LogEnabled(Level::kInfo)) return;
  Log(Level::kInfo, "unit.moved",
      {{"unit", name()},
       {"from", moved.from},
       {"to", moved.to},
       {"why", NameOf(cause_.kind)},
       {"detail", cause_.detail},
       {"rev", absl::StrCat(revision_)}});
}

void Unit::BeginRun(const Cause& cause) {
  result_ = Result::kSuccess;
  failure_ = absl::OkStatus();
  cause_ = cause;
  trigger_ = cause.kind == Cause::Kind::kTraffic ? cause.unit : "";
  invocation_id_ = NewInvocationId(host_.loop().wall_now());
}

void Unit::Note(const Ending& ending) {
  const bool limit =
      ending.result == Result::kStartLimitHit || ending.result == Result::kServiceStartLimitHit;
  if (result_ == Result::kSuccess || limit) result_ = ending.result;
  // A step that just ended well, or had nothing to do, goes on for the reason that began it.
  if (ending.cause.kind != Cause::Kind::kStep) cause_ = ending.cause;
}

const CommandRecord* Unit::record(const v1::Command& command) const {
  for (const CommandRecord& record : records_) {
    if (record.command == &command) return &record;
  }
  return nullptr;
}

void Unit::OnCommandBegun(const v1::Command& command, int pid) {
  const CommandRecord begun{&command, pid, host_.loop().wall_now(), absl::InfinitePast(), ""};
  for (CommandRecord& record : records_) {
    if (record.command != &command) continue;
    record = begun;
    return;
  }
  constexpr size_t kMostRecords = 64;
  if (records_.size() < kMostRecords) records_.push_back(begun);
}

void Unit::OnCommandEnded(const v1::Command& command, const std::string& end) {
  for (CommandRecord& record : records_) {
    if (record.command != &command) continue;
    record.ended = host_.loop().wall_now();
    record.end = end;
  }
}

void Unit::Forget() {
  revision_ = 0;
  result_ = Result::kSuccess;
  start_check_ = nullptr;
  records_.clear();
}

absl::Status Unit::AdmitStart() {
  if (starts_.Admit(definition_->start_limit, host_.loop().now())) return absl::OkStatus();
  result_ = Result::kStartLimitHit;
  ++refused_starts_;
  host_.OnChanged(*this);
  return Error(
      absl::StatusCode::kResourceExhausted, "START_LIMIT_HIT",
      absl::StrCat(name(), " was started too often: at most ", definition_->start_limit.burst,
                   " times in ", absl::FormatDuration(definition_->start_limit.interval)),
      {{"unit", name()}});
}

absl::Status Unit::CheckStart() {
  if (start_check_ == nullptr && !HasConditions(*definition_)) return absl::OkStatus();
  start_check_ = LookWhetherToStart(*definition_, host_);
  host_.OnChanged(*this);
  if (start_check_ == nullptr || start_check_->unmet.empty()) return absl::OkStatus();
  ++skipped_starts_;
  const bool fails = start_check_->conditions_met;
  Log(fails ? Level::kWarning : Level::kInfo, "unit.skipped",
      {{"unit", name()}, {"why", start_check_->unmet}});
  return Error(absl::StatusCode::kFailedPrecondition,
               fails ? "ASSERTION_FAILED" : "CONDITION_NOT_MET",
               absl::StrCat(name(), " was not started: ", start_check_->unmet),
               {{"unit", name()}, {"unmet", start_check_->unmet}});
}

std::string Unit::SkipNotice() const {
  const bool skipped = at_rest() && start_check_ != nullptr && !start_check_->conditions_met;
  return skipped ? absl::StrCat("not started: ", start_check_->unmet) : "";
}

UnitSnapshotPtr Unit::Snapshot() const {
  auto snapshot = std::make_shared<UnitSnapshot>();
  snapshot->name = name();
  snapshot->revision = revision_;
  const LoadedUnit& loaded = definition_->loaded;
  for (const UnitName& alias : loaded.aliases)
    snapshot->aliases.push_back(alias.text());
  snapshot->definition = loaded.written;
  snapshot->etag = definition_->etag;
  snapshot->load_state = loaded.state;
  snapshot->load_error = loaded.error;
  snapshot->fragment_path = loaded.fragment_path;
  snapshot->drop_in_paths = loaded.drop_in_paths;
  snapshot->source_changed = source_changed_;
  snapshot->warnings = definition_->warnings;
  snapshot->active_state = active_state_;
  snapshot->sub_state = sub_state_;
  snapshot->result = result_;
  snapshot->changed = changed_;
  snapshot->active_since = active_since_;
  snapshot->inactive_since = inactive_since_;
  snapshot->cause = cause_;
  if (job_ != nullptr) snapshot->job = std::string(NameOf(job_->work));
  snapshot->invocation_id = invocation_id_;
  snapshot->log_lines = log_.lines();
  snapshot->triggers = NamesOf(links_.of(LinkKind::kTriggers));
  snapshot->triggered_by = NamesOf(links_.of(LinkKind::kTriggeredBy));
  snapshot->start_check = start_check_;
  Show(*snapshot);
  return snapshot;
}

absl::Status NotASocket(const Unit& unit) {
  return Error(absl::StatusCode::kInvalidArgument, "NOT_A_SOCKET",
               absl::StrCat(unit.name(), " is no socket unit"), {{"unit", unit.name()}});
}

absl::Status TryAgain(const Unit& unit) {
  return Error(absl::StatusCode::kUnavailable, "TRY_AGAIN",
               absl::StrCat(unit.name(), " is ", std::string(unit.sub_state())),
               {{"unit", unit.name()}});
}

bool IsTryAgain(const absl::Status& status) {
  return absl::IsUnavailable(status) && ReasonOf(status) == "TRY_AGAIN";
}

bool IsSkip(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && ReasonOf(status) == "CONDITION_NOT_MET";
}

}  // namespace socketd
