#include "tests/sim/world.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "tests/sim/outside_view.h"

namespace socketd::sim {
namespace {

// More turns than this at one instant is a busy loop.
constexpr int kTurnsPerInstant = 5000;
constexpr size_t kKeptComplaints = 20;
constexpr size_t kReadAtOnce = 4096;
constexpr size_t kMemory = size_t{512} * 1024;

}  // namespace

World::World(uint64_t seed) : kernel_(seed) {
  SetLogLevel(Level::kError);
  kernel_.files().PutDirectory(std::string(kUnitPath));
  kernel_.files().PutDirectory("/run/socketd");
}

World::~World() {
  notify_.reset();
  invariants_.reset();
  engine_.reset();
}

void World::AddUnit(const std::string& name, const std::string& text) {
  kernel_.files().Put(absl::StrCat(kUnitPath, "/", name), text);
}

void World::AddProgram(const std::string& path, absl::string_view script) {
  CHECK(kernel_.processes().SetScript(path, script).ok());
}

void World::Boot() {
  BootOnce();
  while (kernel_.Killed()) {
    Bury();
    BootOnce();
  }
  Settle();
}

void World::Bury() {
  notify_.reset();
  invariants_.reset();
  engine_.reset();
  files_.reset();
  loop_.reset();
  kernel_.Bury();
}

void World::Reboot() {
  Bury();
  Boot();
  for (size_t i = 0; i < asked_.size(); ++i) {
    if (asked_[i]->done || !asked_[i]->again) continue;
    repeated_ = true;
    asked_[i]->again();
  }
  if (shutting_down_) AskToShutDown();
}

void World::BootOnce() {
  ++boots_;
  loop_ = std::make_unique<EventLoop>(kernel_);
  files_ = std::make_unique<KernelFiles>(kernel_);
  EngineOptions options;
  options.files = files_.get();
  options.unit_paths = {std::string(kUnitPath), std::string(kLowerUnitPath)};
  options.create_path = std::string(kUnitPath);
  options.notify_path = std::string(kNotifyPath);
  options.memory_size = kMemory;
  options.hold = hold_;
  if (most_units_ != 0) options.unit_limit = most_units_;
  options.environment = {"PATH=/usr/bin:/bin"};
  engine_ = std::make_unique<Engine>(*loop_, std::move(options));
  invariants_ = std::make_unique<Invariants>(engine_->core());
  notify_ =
      std::make_unique<NotifySocket>(*loop_, [this](Packet& packet) { engine_->OnNotify(packet); });
  // A daemon that cannot start is started again.
  if (!notify_->Open(std::string(kNotifyPath)).ok()) return kernel_.Kill();
  const LoadReport loaded = engine_->LoadAll();
  engine_->Recall();
  // The daemon says that it is ready now.
  const bool shown = engine_->handle().board()->size() >= static_cast<size_t>(loaded.loaded);
  if (!shown && !kernel_.Killed()) Complain("the board does not show what was loaded");
}

// What a daemon says after its end is not heard.
void World::Take(Asked& asked, const absl::Status& status) {
  if (kernel_.Killed()) return;
  asked.done = true;
  asked.status = status;
}

std::shared_ptr<Asked> World::Note(const std::string& unit) {
  auto asked = std::make_shared<Asked>();
  asked->unit = unit;
  asked_.push_back(asked);
  return asked;
}

void World::Create(const std::string& unit, const std::string& text) {
  const std::shared_ptr<Asked> asked = Note(unit);
  asked->again = [this, asked = asked.get(), unit, text] {
    UnitSource source;
    source.unit = unit;
    source.text = text;
    engine_->handle().Create(std::move(source),
                             [this, asked](const absl::StatusOr<UnitSnapshotPtr>& created) {
                               Take(*asked, created.status());
                             });
  };
  asked->again();
}

size_t World::Ask(JobKind kind, const std::string& unit, JobMode mode) {
  JobRequest request;
  request.unit = unit;
  request.kind = kind;
  request.mode = mode;
  return Ask(std::move(request));
}

size_t World::Ask(JobRequest request) {
  const std::shared_ptr<Asked> asked = Note(request.unit);
  asked->kind = request.kind;
  request.requester = "a test";
  asked->again = [this, asked = asked.get(), request] {
    engine_->handle().Submit(request, [this, asked](const absl::StatusOr<JobReport>& report) {
      Take(*asked, report.status());
      if (report.ok()) asked->warnings = report->warnings;
    });
  };
  asked->again();
  return asked_.size() - 1;
}

void World::Pause(const std::string& unit, bool resume) {
  const std::shared_ptr<Asked> asked = Note(unit);
  asked->again = [this, asked = asked.get(), unit, resume] {
    engine_->handle().Pause({unit, resume, "a test"},
                            [this, asked](const absl::StatusOr<UnitSnapshotPtr>& paused) {
                              Take(*asked, paused.status());
                            });
  };
  asked->again();
}

void World::Apply(ApplyRequest request) {
  const std::shared_ptr<Asked> asked =
      Note(request.units.empty() ? "" : request.units.front().unit);
  asked->again = [this, asked = asked.get(), request] {
    engine_->handle().ApplyUnits(request, [this, asked](const absl::StatusOr<ApplyReport>& report) {
      Take(*asked, report.status());
      if (report.ok()) asked->warnings = report->warnings;
    });
  };
  asked->again();
}

int64_t World::Plan(const ApplyRequest& request) {
  const absl::StatusOr<ChangePlan> plan = engine_->core().PlanUnits(request);
  return plan.ok() ? plan->revision : 0;
}

void World::ResetFailed(const std::string& unit) {
  engine_->handle().ResetFailed({unit}, [](const absl::StatusOr<std::vector<std::string>>&) {});
}

void World::Clean(const std::string& unit) {
  const UnitSnapshotPtr found = Find(unit);
  if (found != nullptr && AtRest(found->active_state)) kernel_.processes().DropDeposits(unit);
  const std::shared_ptr<Asked> asked = Note(unit);
  asked->again = [this, asked = asked.get(), unit] {
    engine_->handle().CleanStore(unit,
                                 [this, asked](const absl::StatusOr<UnitSnapshotPtr>& cleaned) {
                                   Take(*asked, cleaned.status());
                                 });
  };
  asked->again();
}

void World::Load() {
  engine_->handle().Load("a test", [](const absl::StatusOr<LoadReport>&) {});
}

void World::Delete(const std::string& unit) {
  const std::shared_ptr<Asked> asked = Note(unit);
  asked->again = [this, asked = asked.get(), unit] {
    UnitSource source;
    source.unit = unit;
    engine_->handle().Delete(std::move(source),
                             [this, asked](const absl::StatusOr<int64_t>& revision) {
                               Take(*asked, revision.status());
                             });
  };
  asked->again();
}

bool World::Busy() {
  return kernel_.HasEvents() || loop_->timers().NextDeadline() <= kernel_.Now();
}

void World::AfterTurn() {
  ++turns_;
  if (kernel_.Killed()) return Reboot();
  ReadChanges();
  for (; problems_seen_ < kernel_.problems().size(); ++problems_seen_) {
    Complain(kernel_.problems()[problems_seen_]);
  }
  for (const std::string& what : invariants_->Check(loop_->now()))
    Complain(what);
}

void World::ReadChanges() {
  const int64_t from = changes_.empty() ? 1 : changes_.back().revision + 1;
  const History& history = engine_->handle().history();
  const size_t before = changes_.size();
  if (!history.Read(from, kReadAtOnce, changes_)) Complain("the history was trimmed in one turn");
  for (size_t i = before; i < changes_.size(); ++i)
    CheckChange(changes_[i]);
}

// Each move of a unit is seen once, whoever was the daemon.
void World::CheckChange(const Change& change) {
  const int64_t number = static_cast<int64_t>(&change - changes_.data()) + 1;
  const auto last = seen_.find(change.unit);
  // Units that only others name come and go without a word.
  const bool known = last != seen_.end() && !last->second.empty() && !change.from.empty();
  const bool follows = !known || last->second == change.from;
  if (!follows || change.revision != number) {
    Complain(absl::StrCat("change ", change.revision, " does not follow: ", ToText(change),
                          last == seen_.end() ? "" : absl::StrCat(" after -> ", last->second)));
  }
  seen_[change.unit] = std::string(change.to);
}

void World::Settle() {
  for (int i = 0; i < kTurnsPerInstant; ++i) {
    if (kernel_.Killed()) Reboot();
    if (!Busy()) {
      for (const std::string& what : LookAtRest(*this))
        Complain(what);
      return;
    }
    loop_->Turn(Instant::Start());
    AfterTurn();
  }
  Complain("a busy loop: the world does not settle");
}

void World::Advance(absl::Duration span) {
  const Instant end = kernel_.Now() + span;
  Settle();
  while (kernel_.Now() < end) {
    loop_->Turn(end);
    AfterTurn();
    Settle();
    if (complaints_.size() >= kKeptComplaints) return;
  }
}

void World::AskToShutDown() {
  Cause cause;
  cause.kind = Cause::Kind::kDaemon;
  engine_->Shutdown(cause, [this, done = shut_down_] { *done = !kernel_.Killed(); });
}

bool World::ShutDown(absl::Duration patience) {
  shutting_down_ = true;
  AskToShutDown();
  const Instant end = kernel_.Now() + patience;
  Settle();
  while (!*shut_down_ && kernel_.Now() < end && complaints_.size() < kKeptComplaints) {
    loop_->Turn(end);
    AfterTurn();
    Settle();
  }
  return *shut_down_;
}

UnitSnapshotPtr World::Find(absl::string_view unit) const {
  return engine_->handle().board()->Find(unit);
}

absl::string_view World::StateOf(absl::string_view unit) const {
  const UnitSnapshotPtr found = Find(unit);
  return found == nullptr ? "" : found->sub_state;
}

std::vector<UnitSnapshotPtr> World::units() const {
  return engine_->handle().board()->After("", 100000);
}

void World::Complain(const std::string& what) {
  if (complaints_.size() >= kKeptComplaints) return;
  const absl::Duration since = kernel_.Now() - Instant::After(absl::Seconds(100));
  complaints_.push_back(absl::StrCat("after ", absl::FormatDuration(since), ": ", what));
}

std::string ToText(const Change& change) {
  return absl::StrCat(change.unit, " ", change.from.empty() ? "-" : change.from, " -> ",
                      change.to.empty() ? "-" : change.to, " (", NameOf(change.cause.kind),
                      change.cause.detail.empty() ? "" : ": ", change.cause.detail, ")");
}

}  // namespace socketd::sim
