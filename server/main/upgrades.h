// The daemon's part of an upgrade (server/keeper/keeper.h): asks the keeper, tells who asked, and
// stands still at the end of a turn, when all that the engine knows is written down. Owned by the
// daemon, engine thread; what the API calls comes through the mailbox.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "server/api/upgrader.h"
#include "server/keeper/life.h"
#include "server/loop/event_loop.h"

namespace socketd {

class Upgrades final : public Upgrader {
 public:
  // Made after the engine: its work at the end of a turn comes first. `life` is kept.
  Upgrades(EventLoop& loop, const Life& life);

  void Check(UpgradeRequest request, Answer<UpgradeReport> answer) override;
  void Go() override;
  void AwaitLife(int after, Answer<int> answer) override;
  void Describe(v1::GetServerResponse& about) override;

  // The keeper has changed something.
  void OnBell();
  // This daemon serves.
  void OnReady();
  // It has stopped in order, and nobody comes after it.
  void OnStopped();
  // Nobody keeps it any more.
  void OnUnkept();

 private:
  struct Waiter {
    int after = 0;
    Answer<int> answer;
  };

  void Begin(const UpgradeRequest& request, Answer<UpgradeReport> answer);
  void Wait(Waiter waiter);
  void HandOver();
  // Nobody waits any more.
  void AnswerAll(const absl::Status& why);
  // Learns how the last upgrade went, for Describe.
  void Note();

  EventLoop& loop_;
  const Life life_;
  Answer<UpgradeReport> answer_;  // none: nobody has asked
  std::vector<Waiter> waiters_;
  bool ready_ = false;
  bool go_ = false;
  bool kept_ = true;
  std::mutex mutex_;                                   // of what gRPC's threads read
  std::shared_ptr<const v1::GetServerResponse> last_;  // its `upgrade`; null: there was none
};

}  // namespace socketd
