#include "server/main/upgrades.h"

#include <google/protobuf/util/time_util.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/keeper/keeper.h"
#include "server/main/version.h"

namespace socketd {
namespace {

using google::protobuf::util::TimeUtil;

constexpr size_t kWaitersLimit = 1024;

std::string TextOf(std::string_view text) {
  return CleanText(absl::string_view(text.data(), text.size()));
}

}  // namespace

Upgrades::Upgrades(EventLoop& loop, const Life& life) : loop_(loop), life_(life) {
  loop_.AtEndOfTurn([this] {
    if (std::exchange(go_, false)) HandOver();
  });
  Note();
}

void Upgrades::Check(UpgradeRequest request, Answer<UpgradeReport> answer) {
  const auto shared = std::make_shared<Answer<UpgradeReport>>(std::move(answer));
  const absl::Status posted = loop_.mailbox().Post(
      [this, request = std::move(request), shared] { Begin(request, std::move(*shared)); });
  if (!posted.ok()) (*shared)(posted);
}

void Upgrades::Begin(const UpgradeRequest& request, Answer<UpgradeReport> answer) {
  const std::string program = request.program.empty() ? life_.program : request.program;
  Log(Level::kInfo, "upgrade.asked", {{"program", program}, {"by", request.requester}});
  const auto limit = static_cast<int>(absl::ToInt64Milliseconds(request.limit));
  if (!kept_) return answer(NoKeeper());
  if (answer_ || !AskForUpgrade(life_, {program, kVersion, limit})) {
    answer(Error(absl::StatusCode::kFailedPrecondition, "UPGRADE_UNDER_WAY",
                 "another upgrade is under way; see 'socketctl version'"));
    return;
  }
  answer_ = std::move(answer);
}

void Upgrades::OnBell() {
  const Upgrade& upgrade = life_.page->upgrade;
  const int state = upgrade.state;
  if (!answer_ || (state != Upgrade::kFit && state != Upgrade::kUnfit)) return;
  const Answer<UpgradeReport> answer = std::exchange(answer_, nullptr);
  const std::string program = TextOf(upgrade.wanted.view());
  if (state == Upgrade::kFit) {
    const std::string version = TextOf(upgrade.to_version.view());
    Log(Level::kInfo, "upgrade.fit", {{"program", program}, {"version", version}});
    answer(UpgradeReport{program, version, life_.number});
    return;
  }
  const std::string why = TextOf(upgrade.error.view());
  Log(Level::kWarning, "upgrade.unfit", {{"program", program}, {"why", why}});
  answer(Error(absl::StatusCode::kFailedPrecondition, "PROGRAM_UNFIT",
               absl::StrCat(why, "; this one goes on"), {{"program", program}}));
}

void Upgrades::Go() {
  const absl::Status posted = loop_.mailbox().Post([this] { go_ = true; });
  if (posted.ok()) return;
  LogFailure(Level::kWarning, "upgrade.not-begun", posted);
  CallOff(life_, "the daemon had no time for it");
}

// Comes back only if the keeper did not take the daemon's place: this life is the last word then.
void Upgrades::HandOver() {
  if (kept_) LetGo(life_);
  Note();
  for (const Waiter& waiter : std::exchange(waiters_, {}))
    waiter.answer(life_.number);
}

void Upgrades::AwaitLife(int after, Answer<int> answer) {
  const auto shared = std::make_shared<Answer<int>>(std::move(answer));
  const absl::Status posted =
      loop_.mailbox().Post([this, after, shared] { Wait({after, std::move(*shared)}); });
  if (!posted.ok()) (*shared)(posted);
}

void Upgrades::Wait(Waiter waiter) {
  if (!kept_) return waiter.answer(NoKeeper());
  if (ready_ && waiter.after < life_.number) return waiter.answer(life_.number);
  // The oldest may have left long ago: nobody says so.
  if (waiters_.size() == kWaitersLimit) {
    waiters_.front().answer(Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                                  absl::StrCat(kWaitersLimit, " calls wait for the next daemon")));
    waiters_.erase(waiters_.begin());
  }
  waiters_.push_back(std::move(waiter));
}

void Upgrades::OnReady() {
  ready_ = true;
  Note();
  for (const Waiter& waiter : std::exchange(waiters_, {}))
    Wait(waiter);
}

void Upgrades::OnStopped() {
  AnswerAll(ShuttingDown());
}

void Upgrades::OnUnkept() {
  kept_ = false;
  CallOff(life_, "nobody keeps the daemon any more");
  Note();
  AnswerAll(NoKeeper());
}

void Upgrades::AnswerAll(const absl::Status& why) {
  if (answer_) std::exchange(answer_, nullptr)(why);
  for (const Waiter& waiter : std::exchange(waiters_, {}))
    waiter.answer(why);
}

void Upgrades::Describe(v1::GetServerResponse& about) {
  const std::lock_guard lock(mutex_);
  if (last_ != nullptr) *about.mutable_upgrade() = last_->upgrade();
}

void Upgrades::Note() {
  const Upgrade& upgrade = life_.page->upgrade;
  const int state = upgrade.state;
  if (state != Upgrade::kDone && state != Upgrade::kFailed) return;
  auto about = std::make_shared<v1::GetServerResponse>();
  v1::GetServerResponse::Upgrade& message = *about->mutable_upgrade();
  message.set_from_version(TextOf(upgrade.from_version.view()));
  message.set_to_version(TextOf(upgrade.to_version.view()));
  message.set_program(TextOf(upgrade.wanted.view()));
  message.set_done(state == Upgrade::kDone);
  if (state == Upgrade::kFailed) message.set_error(TextOf(upgrade.error.view()));
  if (upgrade.began > 0 && upgrade.ended >= upgrade.began) {
    *message.mutable_gap() = TimeUtil::MicrosecondsToDuration(upgrade.ended - upgrade.began);
    *message.mutable_time() = TimeUtil::SecondsToTimestamp(upgrade.at);
  }
  const std::lock_guard lock(mutex_);
  last_ = std::move(about);
}

}  // namespace socketd
