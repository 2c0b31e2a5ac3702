#include "server/engine/engine_door.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {

EngineDoor::EngineDoor(EventLoop& loop, EngineCore& core) : loop_(loop), core_(core) {
  loop_.AtEndOfTurn([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) GiveAnswers();
  });
}

template <typename T>
Answer<T> EngineDoor::Later(std::shared_ptr<Answer<T>> answer) {
  return [this, answer = std::move(answer)](absl::StatusOr<T> result) {
    answers_.push_back(
        [answer, result = std::move(result)]() mutable { (*answer)(std::move(result)); });
  };
}

void EngineDoor::GiveAnswers() {
  for (const std::function<void()>& answer : std::exchange(answers_, {}))
    answer();
}

template <typename T, typename Verb>
void EngineDoor::Post(Answer<T> answer, Verb verb) {
  // Whether the mailbox takes the closure is known only after it was moved from: shared.
  auto shared = std::make_shared<Answer<T>>(std::move(answer));
  const absl::Status posted = loop_.mailbox().Post([this, shared, verb = std::move(verb)] {
    if (core_.closing()) return (*shared)(ShuttingDown());
    Later(shared)(verb());
  });
  if (!posted.ok()) (*shared)(posted);
}

void EngineDoor::Submit(JobRequest request, Answer<JobReport> answer) {
  auto shared = std::make_shared<Answer<JobReport>>(std::move(answer));
  const absl::Status posted = loop_.mailbox().Post([this, shared, request = std::move(request)] {
    if (core_.closing()) return (*shared)(ShuttingDown());
    core_.Submit(request, Later(shared));
  });
  if (!posted.ok()) (*shared)(posted);
}

void EngineDoor::Pause(PauseRequest request, Answer<UnitSnapshotPtr> answer) {
  Post(std::move(answer), [this, request = std::move(request)] { return core_.Pause(request); });
}

void EngineDoor::ApplyUnits(ApplyRequest request, Answer<ApplyReport> answer) {
  auto shared = std::make_shared<Answer<ApplyReport>>(std::move(answer));
  const absl::Status posted = loop_.mailbox().Post([this, shared, request = std::move(request)] {
    if (core_.closing()) return (*shared)(ShuttingDown());
    core_.ApplyUnits(request, Later(shared));
  });
  if (!posted.ok()) (*shared)(posted);
}

void EngineDoor::Create(UnitSource source, Answer<UnitSnapshotPtr> answer) {
  Post(std::move(answer), [this, source = std::move(source)] { return core_.Create(source); });
}

void EngineDoor::Update(UnitSource source, Answer<UnitSnapshotPtr> answer) {
  Post(std::move(answer), [this, source = std::move(source)] { return core_.Update(source); });
}

void EngineDoor::Delete(UnitSource source, Answer<int64_t> answer) {
  Post(std::move(answer), [this, source = std::move(source)] { return core_.Delete(source); });
}

void EngineDoor::PlanUnits(ApplyRequest request, Answer<ChangePlan> answer) {
  Post(std::move(answer),
       [this, request = std::move(request)] { return core_.PlanUnits(request); });
}

void EngineDoor::ResetFailed(std::vector<std::string> units,
                             Answer<std::vector<std::string>> answer) {
  Post(std::move(answer), [this, units = std::move(units)] { return core_.ResetFailed(units); });
}

void EngineDoor::CleanStore(std::string unit, Answer<UnitSnapshotPtr> answer) {
  Post(std::move(answer), [this, unit = std::move(unit)] { return core_.CleanStore(unit); });
}

void EngineDoor::Look(std::string unit, Answer<UnitSnapshotPtr> answer) {
  Post(std::move(answer), [this, unit = std::move(unit)] { return core_.Look(unit); });
}

void EngineDoor::Dump(std::string unit, Answer<DumpReport> answer) {
  Post(std::move(answer), [this, unit = std::move(unit)] { return core_.Dump(unit); });
}

void EngineDoor::Load(std::string requester, Answer<LoadReport> answer) {
  const Cause cause{Cause::Kind::kDaemon, "", absl::StrCat("reload by ", requester)};
  Post(std::move(answer),
       [this, cause]() -> absl::StatusOr<LoadReport> { return core_.LoadAll(&cause); });
}

absl::Status EngineDoor::OnPublished(std::function<void()> published) {
  return loop_.mailbox().Post([this, published = std::move(published)]() mutable {
    core_.OnPublished(std::move(published));
  });
}

void EngineDoor::Close() {
  core_.Close();
  loop_.mailbox().Close();
  for (Mailbox::Closure& closure : loop_.mailbox().Take())
    closure();
  GiveAnswers();
}

}  // namespace socketd
